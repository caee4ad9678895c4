"""L-DeepSC's reports: curves that can be told apart, losses and sentences that follow from the tables."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from semcom_lib.l_deepsc import reports
from semcom_lib.ledger.names import Names
from semcom_lib.ledger.reference import load_reference

NAMES = load_reference("l_deepsc").names
SYSTEMS = [*reports.LEARNED, *reports.PAPER_CHAINS, *reports.FAIR_CHAINS]


@pytest.fixture(autouse=True)
def closed_figures():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def fading(**changed):
    """BLEU-1 over Rician fading at three SNRs: 0.8 of all learned systems, 0.1 of all chains, and what is changed."""
    rows = [
        (system, snr_db, "bleu_1", value, value - 0.01, value + 0.01, "rician")
        for system in SYSTEMS
        for snr_db, value in zip(
            (0.0, 6.0, 12.0), changed.get(system, [0.8 if system in reports.LEARNED else 0.1] * 3), strict=True
        )
    ]
    return pd.DataFrame(rows, columns="system snr_db metric value low high channel".split())


def said(sentences):
    return repr(sentences).replace("\N{NO-BREAK SPACE}", " ")


def test_chains_are_told_from_learned_systems_without_colour():
    (axes,) = reports.fading(fading(), "rician", 1, NAMES, caption="").axes
    looks = {line.get_label(): (line.get_linestyle(), line.get_marker()) for line in axes.lines}
    assert list(looks) == [NAMES.of("system")[system] for system in SYSTEMS]
    assert len(set(looks.values())) == len(SYSTEMS)
    assert [line for line, _ in looks.values()] == [*["-"] * 5, *["--"] * 2, *[":"] * 2]


def test_who_passes_whom_over_fading_is_said_as_it_is():
    words = said(reports.fading_seen(fading(), "rician", NAMES))
    assert "lie above those of all chains at every SNR" in words
    assert "passes the worst of them (DeepSC, perfect CSI: 0.800) nowhere" in words
    changed = fading(huffman_turbo=[0.1, 0.5, 0.9], none=[0.85, 0.79, 0.7], rough=[0.7, 0.8, 0.8])
    words = said(reports.fading_seen(changed, "rician", NAMES))
    assert "lie above those of all chains up to 6 dB" in words
    assert (
        "(Huffman, turbo 1/2, 64-QAM: 0.900) passes the worst of them (L-DeepSC, no CSI: 0.700) from 12 dB on" in words
    )
    assert "At 0 dB BLEU-1 is 0.800 with perfect, 0.800 with refined and 0.700 with rough CSI" in words
    assert "the one with rough CSI at 0 dB and below it at 12 dB" in words
    assert "lies above it at no SNR and below it from 6 dB on" in words


def test_a_loss_is_positive_where_bleu_falls():
    table = pd.DataFrame(
        [(0, 6.0, "bleu_1", 0.9), (0.6, 6.0, "bleu_1", 0.8), (0, 6.0, "bleu_4", 0.5)],
        columns=["sparsity", "snr_db", "metric", "value"],
    )
    assert reports.losses(table, "sparsity", 0).loc[0.6, 6.0] == pytest.approx(0.1)
    assert reports.losses(table, "sparsity", 0).loc[0, 6.0] == 0


def test_panels_keep_the_colour_of_an_snr_and_have_their_ticks_where_bits_were_measured():
    table = pd.DataFrame(
        [(b, s, "bleu_1", 0.5, 0.4, 0.6, tuned) for tuned in (False, True) for s in (0.0, 12.0) for b in (2, 4, 8)],
        columns=["bits", "snr_db", "metric", "value", "low", "high", "tuned"],
    )
    table = table[~(table.tuned & (table.bits > 4) | table.tuned & (table.snr_db == 0))]
    masks = {"direct": ~table.tuned, "tuned": table.tuned}
    left, right = reports.panels_of_snr(table, "bits", "m", masks, legend="lower right", caption="").axes
    assert [list(axes.get_xticks()) for axes in (left, right)] == [[2, 4, 8], [2, 4]]
    (line,) = right.lines
    assert (line.get_color(), line.get_label()) == (left.lines[1].get_color(), "12 dB")


def symbols(full, coarse):
    frames = [
        pd.DataFrame({"system": name, "real": np.real(x), "imag": np.imag(x)})
        for name, x in (("full", full), ("8-bit", full), ("4-bit", coarse))
    ]
    return pd.concat(frames, ignore_index=True)


def test_the_distance_of_distributions_is_that_of_kolmogorov_and_smirnov():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=200), np.round(rng.normal(size=150) * 2) / 2
    assert reports.distribution_gap(a, b) == pytest.approx(stats.ks_2samp(a, b).statistic)


def test_the_coarsest_constellation_stands_beside_full_resolution():
    table = symbols(np.array([0.1 + 0.2j, 0.3 - 1j, 2 + 0j]), np.array([0.5 + 0.5j, 0.5 - 0.5j, 0.5 + 0.5j]))
    figure = reports.constellations(table, NAMES, caption="")
    assert [axes.get_title() for axes in figure.axes] == ["full resolution", "4-bit constellation"]
    for axes in figure.axes:
        assert axes.get_xlim()[1] > 2


def test_the_points_of_a_constellation_are_counted():
    corner = np.array([0.1 + 0.1j, 0.1 - 0.1j, -0.1 + 0.1j, 1 + 0.1j])
    words = said(reports.constellations_seen(symbols(corner + 0.01, corner)))
    assert "makes 4 different points and the coarse constellation 4, of 256 that 4 bits" in words
    assert "2 crossings of its levels stay empty" in words  # of 3 x 2 levels: 1 - 0.1j and -0.1 - 0.1j
    words = said(reports.constellations_seen(symbols(corner[:2], corner[:2])))
    assert "No crossing of its levels stays empty" in words


def test_names_come_from_the_papers_file():
    assert isinstance(NAMES, Names)
    assert set(SYSTEMS) <= set(NAMES.of("system"))
