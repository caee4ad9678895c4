"""AESC-I's figures: curves that can be told apart in print, ends and floors where they belong, no band from too few trials."""

from dataclasses import replace

import numpy as np
import pytest

from semcom_lib.aesc_i import plots, reports
from semcom_lib.ledger.paired import Paired

METRICS = ["recognition_ratio", "perceptual"]


def lines(axes):
    """Labelled curves by label."""
    return {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


def test_every_curve_differs_from_every_other_and_a_system_keeps_its_marker(made_up):
    figure = plots.versus_snr(made_up(ratios=(4, 20)), METRICS, "awgn", readings=["session"], caption="")
    for axes in figure.axes[:2]:
        looks = {name.split(":")[0]: (x.get_color(), x.get_marker()) for name, x in lines(axes).items()}
        assert set(looks) == {"AESC-I, ratio 4", "AESC-I, ratio 20", "JPEG, ratio 4", "JPEG, ratio 20"}
        assert len(set(looks.values())) == 4
        assert looks["AESC-I, ratio 4"][1] == looks["AESC-I, ratio 20"][1] != looks["JPEG, ratio 20"][1]
        assert looks["AESC-I, ratio 4"][0] == looks["JPEG, ratio 4"][0]


def test_one_ratio_is_drawn_against_direct_transmission_in_both_readings(made_up):
    results = made_up(ratios=(4, 20))
    figure = plots.versus_snr(results, METRICS, "awgn", ratio=20, caption="")
    assert titles(figure)[::2] == ["bits of a session interleaved", "blocks fail whole", ""]
    for axes in figure.axes[:4]:
        drawn = lines(axes).values()
        assert len(drawn) == 3
        for look in ("color", "marker", "linestyle"):
            assert len({getattr(line, f"get_{look}")() for line in drawn}) == 3
    for axes, reading in zip(figure.axes[:4:2], reports.READINGS, strict=True):
        rows = results.transmission.table.query(
            f"channel == 'awgn' and spread == '{reading}' and system == 'aesc' and ratio == 20 and snr_db >= 0"
            " and metric == 'recognition_ratio'"
        )
        np.testing.assert_allclose(lines(axes)["AESC-I, ratio 20: 314 bits"].get_ydata(), rows.value)


@pytest.mark.parametrize(
    ("snrs_db", "drawn"),
    [((-6.0, -2.0, 0.0, 1.0, 2.5), [0, 1, 2.5]), ((-6.0, 6.0), [-6, 6]), ((-6.0, 1.0, 6.0), [-6, 1, 6])],
)
def test_awgn_is_drawn_where_something_happens_if_more_than_a_point_is_there(made_up, snrs_db, drawn):
    results = made_up(ratios=(20,), awgn=snrs_db)
    figure = plots.versus_snr(results, ["ssim"], "awgn", readings=["session"], caption="")
    for axes in figure.axes:
        points = next(
            line for line in axes.lines if len(line.get_xdata()) == len(drawn) and line.get_marker() != "None"
        )
        assert list(points.get_xdata()) == drawn


def test_the_error_free_end_lies_beyond_the_points_with_what_all_images_have(made_up):
    results = made_up(ratios=(20,))
    end = results.clean.table.query("system == 'aesc' and metric == 'ssim'").value.iloc[0]
    for figure, beyond in (
        (plots.versus_snr(results, ["ssim"], "rayleigh", readings=["blocks"], caption=""), lambda x: x > 24),
        (plots.versus_ber(results, ["ssim"], caption=""), lambda x: 0 < x < 1e-6),
    ):
        axes = figure.axes[0]
        marks = [line for line in axes.lines if len(line.get_xdata()) == 1]
        assert all(beyond(mark.get_xdata()[0]) for mark in marks)
        assert end in [mark.get_ydata()[0] for mark in marks]
        assert plots.NO_ERRORS in [label.get_text() for label in axes.get_xticklabels()]


def test_differences_below_the_curves_are_those_of_the_pairs(made_up):
    results = made_up(ratios=(4, 20))
    figure = plots.versus_ber(results, ["ssim"], caption="")
    curves, differences = figure.axes
    drawn = lines(curves)
    gaps = [line for line in differences.lines if len(line.get_xdata()) == 8]
    assert len(gaps) == 2
    for gap, (ours, theirs) in zip(gaps, ((1568, 1725), (314, 345)), strict=True):
        ratio = {1568: 4, 314: 20}[ours]
        aesc = drawn[f"AESC-I, ratio {ratio}: {ours:,} bits"].get_ydata()
        np.testing.assert_allclose(gap.get_ydata(), aesc - drawn[f"JPEG, ratio {ratio}: {theirs:,} bits"].get_ydata())
    assert differences.get_ylabel() == "AESC-I − JPEG"


def test_too_few_trials_draw_no_band(made_up):
    for trials in (19, 20):
        results = made_up(ratios=(20,), trials=trials)
        measured = Paired(reports.with_intervals(results.bsc.table), results.bsc.draws)
        results = replace(results, bsc=measured)
        for axes in plots.versus_ber(results, ["ssim"], caption="").axes:
            bands = [path for band in axes.collections for path in band.get_paths() if len(path.vertices) > 10]
            assert bool(bands) == (trials == 20)


@pytest.mark.parametrize(
    ("apart", "words"), [(1.02, ["mean image and black image"]), (3.0, ["mean image", "black image"])]
)
def test_floors_are_drawn_and_named_together_where_they_are_near(made_up, apart, words):
    results = made_up(ratios=(20,))
    rows = results.clean.table
    rows.loc[(rows.system == "black_image") & (rows.metric == "recognition_ratio"), "value"] = 0.1 * apart
    axes = plots.versus_ber(results, ["recognition_ratio"], caption="").axes[0]
    assert sorted(text.get_text() for text in axes.texts) == sorted(words)
    heights = {line.get_ydata()[0] for line in axes.lines if line.get_color() == "0.6"}
    assert sorted(heights) == pytest.approx([0.1, 0.1 * apart])


def test_bit_error_rates_have_a_logarithmic_axis_and_their_decades(made_up):
    axes = plots.versus_ber(made_up(ratios=(20,)), ["ssim"], caption="").axes[0]
    assert axes.get_xscale() == "log"
    np.testing.assert_allclose(axes.get_xticks()[:-1], [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1])
    assert "direct transmission: 6,272 bits" in lines(axes)


def test_losses_of_pictures_begin_at_their_start_and_the_last_fifth_of_what_follows_is_shaded(made_up):
    results = made_up("pictures", (3, 6, 12))
    pixel, semantic = plots.losses(results, "MSE loss", caption="").axes
    drawn = lines(pixel)
    assert len(drawn) == 6
    assert min(drawn["Z = 98, training"].get_xdata()) == 4
    assert drawn["Z = 98, training"].get_linestyle() == "--"
    (shade,) = semantic.patches
    np.testing.assert_allclose([shade.get_x(), shade.get_x() + shade.get_width()], [11, 13])


def test_strips_show_ours_above_jpeg_with_what_was_sent_at_the_left(made_up):
    kept = made_up(ratios=(20,))
    (axes,) = plots.strips(kept, "awgn", caption="").axes
    rows = ["(a) AESC-I", "(a) JPEG", "(b) AESC-I", "(b) JPEG"]
    assert [label.get_text() for label in axes.get_yticklabels()] == rows
    assert [label.get_text() for label in axes.get_xticklabels()] == ["sent", "0 dB", "1 dB", "2.5 dB"]
    canvas = np.asarray(axes.images[0].get_array())
    np.testing.assert_array_equal(canvas[:28, :28], kept.strips["sent"][0])
    np.testing.assert_array_equal(canvas[-28:, -28:], kept.strips["awgn_jpeg"][1, 2])
