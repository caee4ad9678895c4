"""L-DeepSC's reports: curves that can be told apart, losses and sentences that follow from the tables."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from semcom_lib.l_deepsc import reports
from semcom_lib.ledger.reference import load_reference

NAMES = load_reference("l_deepsc").names


@pytest.fixture(autouse=True)
def closed_figures():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def said(sentences):
    return repr(sentences).replace("\N{NO-BREAK SPACE}", " ")


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
    left, right = reports.panels_of_snr(table, "bits", "m", masks, legend="lower right", floor=0.3, caption="").axes
    assert [list(axes.get_xticks()) for axes in (left, right)] == [[2, 4, 8], [2, 4]]
    line, floor = right.lines
    assert set(floor.get_ydata()) == {0.3}
    assert "floor (no channel)" in [text.get_text() for text in right.get_legend().get_texts()]
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
