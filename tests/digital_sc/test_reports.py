"""The reports: figures of tables as the evaluations write them, and sentences that follow from the numbers."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from semcom_lib.digital_sc import ablation_report, accuracy_report, computed, reports
from semcom_lib.ledger.paired import Paired
from semcom_lib.ledger.reference import load_reference

REFERENCE = load_reference("digital_sc")
NAMES = REFERENCE.names
SNRS_DB, BERS = (3.0, 6.0, 12.0), (1e-4, 1e-2, 1e-1)


@pytest.fixture(autouse=True)
def closed_figures():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def with_draws(table):
    """The table with draws that share their luck but for a thousandth; the table's intervals are wide."""
    rng = np.random.default_rng(1)
    draws = table.value.to_numpy()[:, None] + rng.normal(0, 0.05, 400) + rng.normal(0, 0.001, (len(table), 400))
    low, high = np.quantile(draws, [0.025, 0.975], axis=1)
    return Paired(table.assign(low=low, high=high, trials=100), draws)


def over_snr(**changed):
    systems = (*accuracy_report.SYSTEMS, accuracy_report.BOUND, "floor")
    rows = [(name, x, "accuracy", changed.get(name, 0.8)) for x in SNRS_DB for name in systems]
    return with_draws(pd.DataFrame(rows, columns=["system", "snr_db", "metric", "value"]))


def over_splits(metrics, bers, **changed):
    others = ("policy", "ensemble", "best", "worst", "by_ber", "random", "floor")
    keys = [("fixed", 2), ("fixed", 3), *((name, 0) for name in others)]
    height = {"ensemble": 0.9, "policy": 0.85, "best": 0.8, "worst": 0.7, "floor": 0.1, "by_ber": 0.82, "random": 0.6}
    height |= changed
    rows = [
        (system, split, ber, metric, height.get(system, 0.6 + split / 10 - ber))
        for ber in bers
        for system, split in keys
        for metric in metrics
    ]
    return with_draws(pd.DataFrame(rows, columns=["system", "split", "ber", "metric", "value"]))


def over_rates():
    kinds = [("learned", "natural", q, z) for q in (1, 2) for z in (6, 13)]
    kinds += [("even", "natural", 1, 13), ("even", "natural", 2, 13), ("range", "natural", 2, 13)]
    kinds += [("learned", "gray", 2, 13), ("learned", "relabelled", 2, 13)]
    height = {"learned": 0.8, "even": 0.75, "range": 0.6}
    rows = [
        (kind, labels, q, z, ber, "accuracy", height[kind] + (labels == "gray") / 50 + q / 100 + z / 1000)
        for ber in BERS
        for kind, labels, q, z in kinds
    ]
    columns = ["quantiser", "labels", "bits", "num_channels", "ber", "metric", "value"]
    return with_draws(pd.DataFrame(rows, columns=columns))


def said(sentences):
    return repr(sentences).replace("\N{NO-BREAK SPACE}", " ")


def test_systems_are_told_apart_and_the_leads_are_the_tables():
    accuracy = over_snr(bpg_capacity=0.5, analog=0.82, floor=0.1, features=0.9)
    drawn = reports.against_snr(
        accuracy.table,
        accuracy_report.SYSTEMS,
        NAMES,
        bound=accuracy_report.BOUND,
        lines=accuracy_report.LINES,
        caption="c",
    )
    (ax,) = drawn.axes
    looks = {(line.get_color(), line.get_marker(), str(line.get_linestyle())) for line in ax.lines}
    assert len(looks) == len(ax.lines) == len(accuracy_report.SYSTEMS) + 2
    words = said(accuracy_report.systems_seen(accuracy, accuracy, NAMES))
    assert "by −0.020 [" in words or "by -0.020 [" in words
    assert "above at every SNR: by 0.300 [" in words
    assert "below at every SNR: by" in words


def test_the_policy_is_compared_with_splits_and_ensemble():
    accuracy = over_splits(["accuracy"], BERS)
    drawn = accuracy_report.splits_figure(accuracy.table, NAMES, caption="c")
    assert len(drawn.axes[1].lines) == 4
    words = said(accuracy_report.splits_seen(accuracy, NAMES))
    assert "the best is block 3 at every BER" in words
    assert (
        "changes the accuracy of the best fixed split point by 0.050, and that of the choice by the BER alone by 0.030"
        in words
    )
    assert "at random it lies above at every BER" in words
    costs = pd.DataFrame({"part": ["policy", "block", "device"], "flops": [6e6, 4e6, 24e6]})
    assert "6.0 MFLOP an image: 1.5 times" in (words := said(accuracy_report.policy_cost(costs)))
    assert "25 %" in words


def test_labels_are_counted():
    labels = over_splits([f"label_{label}" for label in range(3)], [0.01], policy=0.95)
    accuracy_report.labels_figure(labels.table, NAMES, caption="c")
    words = said(accuracy_report.labels_seen(labels, NAMES, 0.01))
    assert "block 3 for 3 of 3 labels" in words
    assert "at least as good as the best of them for 3 labels, and below the worst for 0" in words


def test_the_shares_that_the_policy_chooses_are_shown():
    chosen = pd.DataFrame({"ber": [0.1, 0.1], "split": [2, 3], "value": [0.25, 0.75]})
    assert "0.1 | 25 % | 75 %" in repr(accuracy_report.chosen_table(chosen)).replace("\N{NO-BREAK SPACE}", " ")


def test_cases_are_compared_as_the_paper_does():
    values = [0.1, 0.9, 0.89, 0.91, 0.86, 0.88, 0.82, 0.85]
    rows = [(case, 0.01, "accuracy", value) for case, value in enumerate(values)]
    ablation = with_draws(pd.DataFrame(rows, columns=["case", "ber", "metric", "value"]))
    assert ablation_report.case_less(ablation, 7, 6).value == pytest.approx(0.03)
    words = said(ablation_report.cases_seen(ablation))
    assert "The SLL instead of cross-entropy changes the accuracy by 0.020 [" in words
    costs = pd.DataFrame({"case": [2, 7], "channels": [128, 13], "channel_uses": [16384, 3328]})
    paper = {case: REFERENCE.values[f"case_{case}"].value for case in range(1, 8)}
    shown = repr(ablation_report.cases_table(ablation.table, costs, paper, NAMES))
    assert "7: SLL, noise, pruned, quantised | 13 | 3,328" in shown


def test_quantisers_labels_and_the_plane():
    rates = over_rates()
    ablation_report.kinds_figure(rates.table, NAMES, caption="c")
    words = said(ablation_report.kinds_seen(rates))
    assert "evenly spaced ones whose ends are learned, above at every BER, by 0.05" in words
    assert "Gray labels lie, against natural ones, above at every BER" in words
    words = said(ablation_report.levels_seen(rates, 0.01))
    assert words.startswith("At BER 0.01 learned levels less even ones make 0.05")
    assert "at 1 bit and 0.0" in words
    assert words.endswith("at 2 bits.")
    keys = ["quantiser", "labels", "bits", "num_channels"]
    uses = rates.table[keys].drop_duplicates()
    uses["channel_uses"] = 128 * uses.bits * uses.num_channels
    rows = ablation_report.plane(rates.table, uses, 0.01)
    assert len(rows) == 4
    accuracy = pd.DataFrame(
        [
            {"system": system, "split": split, "ber": ber, "value": value, "low": value - 0.1, "high": value + 0.1}
            for system, split, value in (("fixed", 3, 0.8), ("fixed", 2, 0.6), ("policy", 0, 0.9))
            for ber in (0.01, 0.1)
        ]
    )
    splits = pd.DataFrame({"split": [2, 3], "device_flops": [1_000_000, 3_500_000]})
    of_splits = ablation_report.of_device(accuracy, splits, 0.01)
    assert of_splits[["split", "value"]].to_numpy().tolist() == [[2, 0.6], [3, 0.8]]
    right = ablation_report.plane_figure(rows, of_splits, caption="c").axes[1]
    assert right.lines[0].get_xdata().tolist() == [1.0, 3.5]
    text = said(ablation_report.plane_seen(rows, of_splits, 0.4))
    assert "The best is 0.833 with 13 channels at 2 bits" in text
    assert (
        "goes from 0.600 behind block 2, where the device computes 1.0 MFLOP, to 0.800 behind block 3, 3.5 MFLOP"
        in text
    )


def test_table_1_is_the_softmax_of_the_printed_outputs():
    logits = {key.removeprefix("logit_"): value.value for key, value in REFERENCE.values.items() if "logit" in key}
    table = computed.soft_targets_frame(logits).pivot(index="temperature", columns="class", values="value")
    assert table.loc["ten", "cat"] == pytest.approx(0.49, abs=0.005)  # the paper prints it for T_se = 1
    assert table.loc["one", "car"] == pytest.approx(9.2e-3, abs=1e-4)  # and this, cut off, for T_se = 10
    assert table.loc["infinite"].to_numpy() == pytest.approx(0.2, abs=1e-4)
    assert table.loc["zero", "cat"] == pytest.approx(1)


def test_the_soft_quantiser_comes_closer_to_the_ideal_one():
    levels = [-1.5, -0.5, 0.4, 1.6]
    errors = [computed.quantiser_error(levels, temperature) for temperature in (1.0, 10.0, 100.0)]
    assert errors[0] > errors[1] > errors[2]
    drawn = reports.quantiser_figure(levels, [1.0, 100.0], caption="c")
    assert [len(ax.lines) for ax in drawn.axes] == [3, 3]


def test_trainings_say_whether_their_loss_still_fell():
    rows = [("split", "joint", step, loss, accuracy) for step, loss, accuracy in ((10, 1.0, 0.5), (20, 0.5, 0.75))]
    history = pd.DataFrame(rows, columns=["system", "training", "step", "validation_loss", "accuracy"])
    reports.training_figure(history, ["joint"], NAMES, caption="c")
    words = said(reports.training_seen(history, NAMES))
    assert words == (
        "Step 1: after 20 steps 0.750 of the validation images are recognised, and the loss still fell of split at the last "
        "validation."
    )


def test_levels_and_scaling_are_told_by_split():
    levels = pd.DataFrame({"split": 3, "level": range(4), "value": [-1.0, -0.5, 0.5, 2.5]})
    scaling = pd.DataFrame({"split": 3, "place": range(3), "scaling": [0.9, 0.5, 0.1], "sent": [True, True, False]})
    shown = repr(accuracy_report.levels_table(levels, scaling))
    assert shown.splitlines()[1].endswith("0.500 | 0.100")
    assert "is 4.00 times the least" in said(accuracy_report.levels_seen(levels))
    kept = scaling[scaling.sent]
    assert repr(accuracy_report.levels_table(levels, kept)).splitlines()[1].endswith("0.500")


def test_trainings_end_in_a_table():
    rows = [("a", "joint", 100, 0.5), ("a", "tuned", 100, 0.6), ("a", "tuned", 200, 0.7), ("b", "joint", 100, 0.4)]
    history = pd.DataFrame(rows, columns=["system", "training", "step", "accuracy"])
    shown = repr(reports.training_table(history, NAMES))
    assert "a | 0.500 | 0.700" in shown
    assert "b | 0.400 |" in shown
