"""The reports: curves that can be told apart, tasks and symbols as they were measured, sentences that follow from them."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from semcom_lib.ledger.paired import Paired
from semcom_lib.ledger.reference import load_reference
from semcom_lib.mem_deepsc import accuracy_report, mask_report, reports
from semcom_lib.mem_deepsc.tasks_report import Tasks

NAMES = load_reference("mem_deepsc").names
CHANNELS = tuple(NAMES.of("channel"))
SNRS_DB = (0.0, 6.0, 18.0)
HEIGHTS = {"floor": 0.34, "no_channel": 0.9, "no_memory": 0.36, "utf8_turbo": 0.3, "utf8_turbo_fitted": 0.31}


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


def measured(systems, **changed):
    """Accuracies at three SNRs: those of HEIGHTS, 0.8 of the others, and what is changed, by system or (system, channel)."""
    rows = []
    for channel in CHANNELS:
        for system in systems:
            plain = [HEIGHTS.get(system, 0.8)] * len(SNRS_DB)
            heights = changed.get(f"{system}_over_{channel}", changed.get(system, plain))
            rows += [(system, channel, x, "accuracy", y) for x, y in zip(SNRS_DB, heights, strict=True)]
    return with_draws(pd.DataFrame(rows, columns="system channel snr_db metric value".split()))


def accuracy(**changed):
    return measured((*accuracy_report.SYSTEMS, accuracy_report.BOUND, "floor"), **changed)


def masks(**changed):
    return measured(("memory_32", "memory_16", *mask_report.OTHERS, "floor"), **changed)


def said(sentences):
    return repr(sentences).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(("report", "table"), [(accuracy_report, accuracy()), (mask_report, masks())])
def test_curves_are_told_apart_without_colour_and_look_alike_over_all_channels(report, table):
    axes = report.figure(table.table, NAMES, caption="").axes
    assert [ax.get_title() for ax in axes] == list(NAMES.of("channel").values())
    looks = [{line.get_label(): (line.get_linestyle(), line.get_marker()) for line in ax.lines} for ax in axes]
    assert looks[0] == looks[1] == looks[2]
    assert len(set(looks[0].values())) == len(looks[0]) == table.table.system.nunique()
    words = [text.get_text() for text in axes[-1].get_legend().get_texts()]
    assert sorted(words) == sorted(looks[0])
    assert words[-1] == NAMES.of("system")["floor"]


def test_leads_are_those_of_the_paired_draws():
    words = said(accuracy_report.benchmarks_seen(accuracy(word_code=[0.7, 0.8, 0.9]), NAMES))
    assert "above both UTF-8 chains over every channel at every SNR." in words
    assert "largest over AWGN at 0 dB: 0.500 [" in words
    assert "floor answers 0.340 right" in words
    assert "never more than 0.660 behind" in words
    assert (
        "it lies over every channel above at 0 dB, below at 18 dB; its lead is over every channel −0.100 to 0.100."
        in words
    )


def test_a_lead_over_one_chain_of_the_paper_alone_is_none_over_both():
    words = said(accuracy_report.benchmarks_seen(accuracy(utf8_turbo_fitted=[0.3, 0.3, 0.9]), NAMES))
    assert "both UTF-8 chains over every channel up to 6 dB." in words


def test_what_memory_and_joint_training_bring_is_said_for_each_channel():
    words = said(accuracy_report.memory_seen(accuracy(separate_over_rician=[0.5, 0.8, 0.85]), NAMES))
    assert "The memory raises the accuracy over every channel by 0.440." in words
    assert "over Rician fading above at 0 dB, below at 18 dB (0.300 [" in words
    assert "neither surely above nor below at any SNR (0.000 [" in words
    assert "which has nothing else either, the system lies over every channel above at every SNR." in words


def test_what_fading_and_inaccurate_csi_cost_is_said_of_all_three_kinds_of_system():
    table = accuracy(memory_over_rician=[0.75, 0.8, 0.8], memory_over_rician_imperfect=[0.7, 0.75, 0.78])
    words = said(accuracy_report.channels_seen(table, NAMES))
    fading, csi, end = words.split(". From perfect")[0], words.split("it changes: ")[1], words.split("highest SNR")[1]
    assert "changes: Mem-DeepSC by −0.050 [" in fading
    assert "at 0 dB and 0.000 [" in fading
    assert csi.startswith("Mem-DeepSC by −0.050 [")
    assert "has 0.780, where features that arrive as they are give 0.900" in end


def training(losses, name="a", accuracy=0.7):
    steps = range(100, 100 * len(losses) + 1, 100)
    return pd.DataFrame({"step": steps, "validation_loss": losses, "accuracy": accuracy, "curve": name})


def test_a_training_is_said_to_fall_or_to_be_past_its_least():
    trainings = {"semantic": training([2.0, 1.0]), "joint": training([0.5, 0.6], "b")}
    words = said(accuracy_report.training_seen(trainings))
    assert "after 200 steps with a loss, and held-out answers, of: a: 1.000, still falling, 70 % right" in words
    assert "b: 0.600, past its least" in words


def test_training_curves_have_a_panel_a_step():
    trainings = {step: training([2.0, 1.0]) for step in reports.STEPS}
    axes = reports.training_figure(trainings, NAMES, caption="").axes
    assert [ax.get_title() for ax in axes] == [NAMES.of("training")[step] for step in reports.STEPS]
    assert "squared error" in axes[1].get_ylabel()


def by_task(**changed):
    """Three tasks over each channel: everything 0.97 but the floor and the system without memory."""
    tasks = pd.DataFrame(
        {
            "task": [1, 3, 18],
            "name": ["qa1 one", "qa3 three (trained on 5 of 10 questions)", "qa18 sizes"],
            "seen": [0.02, 0.0, 0.74],
        }
    )
    rows = []
    for channel in CHANNELS:
        for system in (*accuracy_report.SYSTEMS, accuracy_report.BOUND, "floor"):
            plain = [0.2, 0.3, 0.91] if system in ("floor", "no_memory") else [0.97] * 3
            for task, value in zip(tasks.task, changed.get(system, plain), strict=True):
                rows.append((system, channel, 18.0, f"task_{task}", value))
    return Tasks(with_draws(pd.DataFrame(rows, columns="system channel snr_db metric value".split())), tasks, "awgn")


def test_tasks_are_solved_from_0_95_on():
    words = said(by_task(no_channel=[0.99, 0.6, 0.95], memory=[0.98, 0.5, 0.94]).solved_seen(NAMES))
    assert (
        "Without a channel 2 of 3 tasks are solved (an accuracy of at least 0.95); not solved are qa3 three (0.600)."
        in words
    )
    assert "Over AWGN at 18 dB 1 of 3 are; qa18 sizes no longer is." in words
    assert "Without the memory 0 of 3 are." in words


def test_what_the_memory_brings_is_said_by_task():
    words = said(by_task(memory=[0.97, 0.97, 0.90]).memory_seen())
    assert "surely helps on 2 of 3 tasks; not on qa18 sizes." in words
    assert "brings most to qa1 one, 0.770 [" in words
    assert "least to qa18 sizes, −0.010 [" in words
    assert "answers 0.910 of qa18 sizes" in words
    assert "are 74 % of qa18 sizes." in words


def test_the_tasks_figure_has_a_row_a_task_and_names_partial_training():
    tasks = by_task()
    left, right = tasks.figure(NAMES, caption="").axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["qa1 one", "qa3 three", "qa18 sizes"]
    assert len(right.get_legend().get_texts()) == 6
    assert tasks.partial == "qa3 three (trained on 5 of 10 questions)"
    assert "0.770" in repr(tasks.table(NAMES))


def test_the_systems_without_a_mask_are_found_whatever_their_sizes():
    table = pd.DataFrame({"system": ["memory_8", "memory_16", "random", "floor"]})
    assert mask_report.unmasked(table) == ("memory_16", "memory_8")


def test_what_masks_cost_is_said_at_their_worst_point():
    before = accuracy(memory=[0.8, 0.85, 0.9])
    words = said(mask_report.masks_seen(masks(importance=[0.6, 0.8, 0.79], random=[0.7, 0.6, 0.5]), NAMES, 600, before))
    assert "the importance mask changes the accuracy, where it costs most, over AWGN by −0.200 [" in words
    assert "trained on by 600 steps" in words
    assert "took the accuracy with all symbols over every channel from 0.900 to 0.800" in words
    assert re.search(r"the random mask changes it over [\w ]+ by −0\.300 \[", words)
    assert "(the other two lie above it from 6 dB on)" in words


def test_lengths_and_the_adaptive_chain_are_set_against_all_symbols():
    words = said(mask_report.lengths_seen(masks(memory_16=[0.7, 0.8, 0.8], utf8_turbo_amc=[0.5, 0.9, 0.9]), NAMES))
    assert "instead of half of them change the accuracy over AWGN by 0.100 [" in words
    assert "over AWGN above from 6 dB on, below at 0 dB, lowest by −0.300 [" in words


USES = pd.DataFrame(
    {
        "snr_db": [0.0, 18.0],
        "no_mask": 32,
        "masked": [25, 17],
        "told": [22, 30],
        "utf8_turbo_amc": [510.0, 85.0],
        "share": [32 / 510, 32 / 85],
    }
)


def test_positions_take_no_fewer_symbols_than_capacity_lets_and_are_taken_off_what_is_saved():
    frame = mask_report.symbols_frame(USES)
    assert frame.position_uses[0.0] == 22  # a bit a symbol at 0 dB
    assert frame.position_uses[18.0] == pytest.approx(30 / np.log2(1 + 10**1.8))
    assert frame.saved_known.to_list() == pytest.approx([7 / 32, 15 / 32])
    assert frame.saved[0.0] == pytest.approx(-15 / 32)
    words = said(mask_report.symbols_seen(USES, 0.04, 0.168, 16))
    assert "25 symbols at 0 dB and 17 at 18 dB of 32" in words
    assert "6.3 % to 37.6 % of the adaptive chain's, in the paper 4 % to 16.8 %" in words
    assert "−47 %" in repr(mask_report.symbols_table(USES, NAMES)).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("sigma_m2", "words"), [(np.inf, "no finite σ_m² fits"), (0.0, "σ_m² is 0:"), (2.5, "σ_m² is 2.500 and L 7.000")]
)
def test_the_noise_of_our_models_is_said_at_its_limits_too(sigma_m2, words):
    lengths = pd.DataFrame(
        {"snr_db": [0.0, 18.0], "shortest": [16, 8], "fitted": [15.0, 8.5], "mu_max": 3.1, "margin": 0.02}
    )
    found = said(mask_report.models_seen(lengths.assign(sigma_m2=sigma_m2, minimum=7.0), 1, 1.44))
    assert words in found
    assert (
        "Within 0.020 of the best are 16 symbols at 0 dB and 8 at 18 dB; "
        "eq. 15 as fitted is off by 1.000 symbols at the most, at 0 dB." in found
    )


def test_models_of_several_sizes_are_drawn_in_their_order():
    sizes = pd.DataFrame({"num_symbols": [32, 32, 4, 4], "snr_db": [0.0, 18.0] * 2, "value": 0.5})
    lengths = pd.DataFrame({"snr_db": [0.0, 18.0], "shortest": [16, 8], "fitted": [15.0, 8.5]})
    left, right = mask_report.models_figure(sizes, lengths, USES, floor=0.34, caption="").axes
    assert [text.get_text() for text in left.get_legend().get_texts()][-1] == "floor (no channel)"
    assert {line.get_label(): line.get_marker() for line in left.lines}["4 symbols"] == "o"
    assert len(right.lines) == 3
