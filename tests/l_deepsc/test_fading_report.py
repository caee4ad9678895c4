"""The report on fading channels: curves that can be told apart, sentences that follow from the paired differences."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from semcom_lib.l_deepsc import coding_order, fading_report
from semcom_lib.ledger.paired import Paired
from semcom_lib.ledger.reference import load_reference

NAMES = load_reference("l_deepsc").names
SNRS_DB = (0.0, 6.0, 12.0)
CHAINS = (*fading_report.PAPER_CHAINS, *fading_report.FAIR_CHAINS)
SYSTEMS = (*fading_report.LEARNED, *fading_report.SEEDS[1:], *CHAINS, *fading_report.WORD_CHAINS)
CORRELATED = ("perfect", "refined", "rough", "refined_4", "rough_4", *fading_report.WORD_CHAINS[1:])


@pytest.fixture(autouse=True)
def closed_figures():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def with_draws(table, luck=0.1):
    """The table with draws that share their luck but for a thousandth; the table's intervals are wide."""
    rng = np.random.default_rng(1)
    draws = table.value.to_numpy()[:, None] + rng.normal(0, luck, 400) + rng.normal(0, 0.001, (len(table), 400))
    low, high = np.quantile(draws, [0.025, 0.975], axis=1)
    return Paired(table.assign(low=low, high=high), draws)


def fading(**changed):
    """BLEU at three SNRs: 0.8 of all learned systems, 0.6 of word chains, 0.1 of others, the floor's, and what is changed."""
    rows = []
    for channel in ("rician", "rayleigh", "rayleigh_correlated"):
        for system in ("floor", *(CORRELATED if channel == "rayleigh_correlated" else SYSTEMS)):
            plain = 0.6 if system.startswith("word") else 0.1 if system in CHAINS else 0.8
            for metric, share in (("bleu_1", 1.0), ("bleu_4", 0.5)):
                heights = changed.get(system, [0.34 if system == "floor" else plain] * 3)
                rows += [
                    (system, snr_db, metric, share * height, channel)
                    for snr_db, height in zip(SNRS_DB, heights, strict=True)
                ]
    return with_draws(pd.DataFrame(rows, columns="system snr_db metric value channel".split()))


def said(sentences):
    return repr(sentences).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("channel", ["rician", "rayleigh_correlated"])
def test_curves_are_told_apart_without_colour_and_equal_csi_has_equal_colours(channel):
    bleu_1, bleu_4 = fading_report.figure(fading().table, channel, NAMES, caption="").axes
    for axes, floor in ((bleu_1, 0.34), (bleu_4, 0.17)):
        looks = {line.get_label(): line for line in axes.lines}
        shapes = {(line.get_linestyle(), line.get_marker()) for line in axes.lines}
        assert len(shapes) == len(looks) == {"rician": 13, "rayleigh_correlated": 8}[channel]
        for csi in ("refined", "rough"):
            of_words, learned = (looks[NAMES.of("system")[name]] for name in (f"word_ldpc_{csi}", csi))
            assert of_words.get_color() == learned.get_color()
            assert of_words.get_linestyle() != learned.get_linestyle()
        assert set(looks[NAMES.of("system")["floor"]].get_ydata()) == {floor}
    legend = [text.get_text() for text in bleu_4.get_legend().get_texts()]
    assert sorted(legend) == sorted(line.get_label() for line in bleu_1.lines)
    assert legend[-1] == NAMES.of("system")["floor"]


def test_who_lies_above_whom_is_judged_on_paired_draws():
    """The intervals of the table overlap throughout; the differences do not."""
    words = said(fading_report.seen_over(fading(), "rician", NAMES))
    assert "All learned systems lie above both of the paper's chains at every SNR" in words
    assert "L-DeepSC, refined CSI is in BLEU-1 above at every SNR and below at no SNR (0.200 [0.19" in words
    assert "the floor alone has 0.340" in words
    assert "in BLEU-4 refined CSI has 0.400 at 0 dB, the chain of words 0.300 and the floor 0.170" in words
    changed = fading(
        huffman_turbo=[0.1, 0.5, 0.9],
        none=[0.85, 0.79, 0.7],
        rough=[0.7, 0.8, 0.8],
        word_ldpc_refined=[0.7, 0.79, 0.81],
    )
    words = said(fading_report.seen_over(changed, "rician", NAMES))
    assert "both of the paper's chains up to 6 dB" in words
    assert "is in BLEU-1 above up to 6 dB and below at 12 dB" in words
    assert "At 0 dB BLEU-1 is 0.800 with perfect, 0.800 with refined and 0.700 with rough CSI" in words
    assert "the one with rough CSI at 0 dB and below it from 6 dB on" in words
    assert "lies above it at no SNR and below it from 6 dB on" in words


def test_what_refining_is_worth_is_said_for_one_pilot_and_for_four():
    bleu = fading(rough=[0.7, 0.8, 0.8], rough_4=[0.75, 0.8, 0.8], word_ldpc_rough=[0.55, 0.6, 0.6])
    words = said(fading_report.correlated_seen(bleu, NAMES))
    assert "With one pilot, refined CSI lies above rough CSI at 0 dB, most at 0 dB (0.100 [" in words
    assert "With four pilots it lies above at 0 dB, most at 0 dB (0.050 [" in words
    assert "To the word chain refined CSI is worth at most 0.050" in words


def test_training_seeds_stand_beside_the_interval():
    bleu = fading(refined_seed_1=[0.8, 0.79, 0.8], refined_seed_2=[0.83, 0.8, 0.2])
    table = fading_report.seeds_table(bleu)
    assert table.spread.tolist() == pytest.approx([0.03, 0.01, 0.6])
    rows = bleu.table[
        bleu.table.system.eq("refined") & bleu.table.channel.eq("rician") & bleu.table.metric.eq("bleu_1")
    ]
    assert table.interval.tolist() == pytest.approx((rows.high - rows.low).tolist())
    words = said(fading_report.seeds_seen(table))
    assert "are at most 0.600 apart (at 12 dB), on average 0.213" in words
    assert "the spread exceeds it at 12 dB" in words


def order(**changed):
    """BLEU of RS and turbo coding in every case: turbo 0.5, RS 0.2, or what is changed for one channel's hard input."""
    rows = [
        (system, decisions, interleaved, channel, snr_db, metric, height)
        for channel in coding_order.CHANNELS
        for interleaved in (False, True)
        for system, decisions in (("huffman_rs", "hard"), ("huffman_turbo", "hard"), ("huffman_turbo", "soft"))
        for metric in ("bleu_1", "bleu_4")
        for snr_db, height in zip(
            SNRS_DB,
            [0.2] * 3 if system == "huffman_rs" else changed.get(f"{channel}_{decisions}", [0.5] * 3),
            strict=True,
        )
    ]
    return with_draws(pd.DataFrame(rows, columns="system decisions interleaved channel snr_db metric value".split()))


def test_the_order_of_codes_is_counted_case_by_case():
    words = said(coding_order.order_seen(order(), NAMES))
    assert "with soft input surely lies above RS coding at 18 of 18 points" in words
    assert "with the hard decisions that RS decoding has at 18 of 18" in words
    assert "RS coding surely lies above turbo coding at none of them." in words
    words = said(coding_order.order_seen(order(awgn_hard=[0.1, 0.2, 0.4]), NAMES))
    assert "the hard decisions that RS decoding has at 14 of 18" in words
    assert (
        "RS coding surely lies above turbo coding at 2 (AWGN, hard input, not interleaved, at 0 dB; "
        "AWGN, hard input, interleaved, at 0 dB)" in words
    )
    assert "where its BLEU-1 is at most 0.200" in words
    assert "Soft input is worth up to 0.400" in words


def test_each_channel_has_a_panel_of_all_six_chains():
    panels = coding_order.figure(order(), NAMES, caption="").axes
    assert [axes.get_title() for axes in panels] == [NAMES.of("channel")[channel] for channel in coding_order.CHANNELS]
    for axes in panels:
        labels = [line.get_label() for line in axes.lines]
        assert len(set(labels)) == 6
        assert [line.get_linestyle() == "--" for line in axes.lines] == ["not interleaved" in label for label in labels]


def test_all_that_is_drawn_has_a_name():
    assert {*SYSTEMS, *CORRELATED, "floor"} <= set(NAMES.of("system"))
    assert {"rayleigh_correlated", *coding_order.CHANNELS} <= set(NAMES.of("channel"))
