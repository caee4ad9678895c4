"""Figures: equal bytes for equal data, a marker of its own for every curve, the caption in the picture."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from semcom_lib import figures, paths


@pytest.fixture(autouse=True)
def closed_figures(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "REPORTS", tmp_path)
    plt.switch_backend("agg")
    yield
    plt.close("all")


def table(systems=3):
    rows = [
        {"system": f"s{s}", "snr_db": snr, "value": 0.1 * s, "low": 0.1 * s - 0.02, "high": 0.1 * s + 0.02}
        for s in range(systems)
        for snr in (0.0, 6.0)
    ]
    return pd.DataFrame(rows)


def draw(**options):
    return figures.curves(table(), x="snr_db", y="value", hue="system", caption="profile: test", **options)


def test_the_floor_is_a_line_across_the_axes_and_in_the_legend():
    (axes,) = draw(floor=0.34).axes
    line = axes.lines[-1]
    assert set(line.get_ydata()) == {0.34}
    assert axes.get_legend().get_texts()[-1].get_text() == line.get_label() == "floor (no channel)"
    (without,) = draw().axes
    assert len(without.lines) == len(axes.lines) - 1


def test_equal_data_give_equal_bytes(tmp_path):
    for name in ("a", "b"):
        figures.save(draw(), "paper", name)
    folder = tmp_path / "paper" / "figures"
    assert sorted(path.name for path in folder.iterdir()) == ["a.png", "a.svg", "b.png", "b.svg"]
    for suffix in ("png", "svg"):
        assert (folder / f"a.{suffix}").read_bytes() == (folder / f"b.{suffix}").read_bytes()


def test_curves_differ_without_colour():
    (axes,) = draw().axes
    markers = [line.get_marker() for line in axes.lines]
    assert len(set(markers)) == len(markers) == 3


def test_every_point_carries_its_band():
    (axes,) = draw().axes
    assert len(axes.collections) == 3
    low, high = (
        axes.collections[1].get_paths()[0].vertices[:, 1].min(),
        axes.collections[1].get_paths()[0].vertices[:, 1].max(),
    )
    assert (low, high) == (pytest.approx(0.08), pytest.approx(0.12))


def test_the_caption_is_part_of_the_figure_and_fits_it():
    caption = figures.caption(
        "demo", "generated sentences (embedded demo data)", "AWGN", "200 test sentences a point, 95 % bands"
    )
    figure = figures.curves(table(), x="snr_db", y="value", hue="system", caption=caption)
    figure.canvas.draw()
    words = figure._supxlabel
    assert words.get_text().replace("\n", " ") == caption
    box = words.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1


def test_all_pictures_of_a_saved_figure_have_one_layout():
    figure = draw()
    (axes,) = figure.axes
    before = axes.get_position().bounds
    figures.save(figure, "paper", "a")
    laid_out = axes.get_position().bounds
    assert laid_out != before
    figure.set_dpi(40)
    figure.canvas.draw()
    assert axes.get_position().bounds == laid_out


@pytest.mark.parametrize(("limits", "has_minor"), [((1e-4, 1.0), False), ((1.0, 100.0), False), ((2.0, 9.0), True)])
def test_minor_ticks_of_log_axes_stay_only_where_they_may_be_labelled(limits, has_minor):
    figure, (axes,) = figures.new("profile: test")
    axes.set(yscale="log", ylim=limits)
    figures.save(figure, "paper", "a")
    assert (len(axes.yaxis.get_minorticklocs()) > 0) == has_minor
    assert axes.get_ylim() == limits


def test_a_curve_looks_the_same_in_every_panel():
    table = pd.DataFrame({"x": [0, 1, 0, 1], "y": [0.1, 0.2, 0.3, 0.4], "hue": [0, 0, 12, 12]})
    _, (left, right) = figures.new("profile: test", columns=2)
    figures.draw_curves(left, table[table.hue == 12], x="x", y="y", hue="hue", order=[0, 12])
    figures.draw_curves(right, table, x="x", y="y", hue="hue", order=[0, 12])
    looks = [(line.get_color(), line.get_marker()) for line in (left.lines[0], right.lines[1], right.lines[0])]
    assert looks[0] == looks[1] != looks[2]


def ticks(points, columns=1, **options):
    """The ticks of a curve measured at these points, as (place, label)."""
    measured = pd.DataFrame({"x": points, "y": 0.5, "hue": "a"} | options)
    _, panels = figures.new("profile: test", columns=columns)
    figures.draw_curves(panels[0], measured, x="x", y="y", hue="hue")
    labels = [label.get_text() for label in panels[0].get_xticklabels()]
    return list(zip(panels[0].get_xticks().tolist(), labels, strict=True))


def test_ticks_are_where_it_was_measured():
    assert ticks([0.0, 6.0, 12.0, 18.0]) == [(0, "0"), (6, "6"), (12, "12"), (18, "18")]
    assert ticks([20, 2, 4, 8, 12]) == [(2, "2"), (4, "4"), (8, "8"), (12, "12"), (20, "20")]
    assert ticks([3.0]) == [(3, "3")]


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("points", [[0, 0.3, 0.6, 0.9, 0.95, 0.99], [0, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 3, 6]])
def test_ticks_too_near_to_each_other_give_way_but_the_ends_stay(points, columns):
    kept = [place for place, _ in ticks(points, columns)]
    assert set(kept) < set(points)
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    figure = plt.gcf()
    figure.canvas.draw()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_round_ticks_stay_where_there_are_too_many_points_to_list_and_on_logarithmic_axes():
    points = [0.1 + i for i in range(figures.MOST_TICKS + 1)]
    assert not {place for place, _ in ticks(points)} & set(points)
    _, (axes,) = figures.new("profile: test")
    axes.set_xscale("log")
    before = axes.get_xticks().tolist()
    figures.tick_where_measured(axes, [3.0, 30.0])
    assert axes.get_xticks().tolist() == before


def test_a_curve_can_be_drawn_dashed():
    (axes,) = draw(lines={"s1": "--"}).axes
    assert [line.get_linestyle() for line in axes.lines] == ["-", "--", "-"]


def test_no_two_colours_are_alike_and_the_pale_ones_come_last():
    """Relative luminance as WCAG has it: a line in print wants a contrast of about 2 to white."""
    channels = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in figures.PALETTE])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    contrast = 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05)
    assert len(set(figures.PALETTE)) == len(figures.PALETTE)
    assert (contrast[:9] > 2).all()


def test_a_constellation_is_shown_whole_and_under_its_title():
    figure = figures.scatter({"full": [5 + 1j, -1j], "4 bits": [0.5j]}, caption="profile: test")
    figure.canvas.draw()
    for axes in figure.axes:
        assert axes.get_xlim() == axes.get_ylim()
        assert axes.get_xlim()[1] > 5
        assert axes.title.get_window_extent().y1 <= figure.bbox.y1


def test_the_axis_says_snr_in_db():
    (axes,) = draw().axes
    assert axes.get_xlabel() == "SNR (dB)"


def test_a_strip_shows_every_pixel_of_every_image_as_it_is():
    rows = {
        "AESC-I": np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5),
        "JPEG": np.arange(100, 160, dtype=np.uint8).reshape(3, 4, 5),
    }
    (axes,) = figures.image_strips(rows, columns=["sent", "0 dB", "6 dB"], caption="profile: test").axes
    (shown,) = axes.images
    canvas = np.asarray(shown.get_array())
    assert shown.get_interpolation() == "nearest"
    assert shown.get_clim() == (0, 255)
    for i, images in enumerate(rows.values()):
        for j, image in enumerate(images):
            row, column = round(axes.get_yticks()[i] - 1.5), round(axes.get_xticks()[j] - 2)
            np.testing.assert_array_equal(canvas[row : row + 4, column : column + 5], image)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["sent", "0 dB", "6 dB"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["AESC-I", "JPEG"]


def test_a_strip_wants_one_image_a_column_all_alike():
    grey, colour = np.zeros((2, 4, 4), np.uint8), np.zeros((2, 4, 4, 3), np.uint8)
    assert figures.image_strips({"a": colour}, columns=["x", "y"], caption="").axes[0].images[0].get_array().ndim == 3
    for rows, columns in (({"a": grey, "b": colour}, ["x", "y"]), ({"a": grey}, ["x"]), ({}, ["x"])):
        with pytest.raises(ValueError, match=r"rows have shapes .*; must be alike, one image for each"):
            figures.image_strips(rows, columns=columns, caption="")
