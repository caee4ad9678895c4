"""Figures: equal bytes for equal data, a marker of its own for every curve, the caption in the picture."""

import matplotlib.pyplot as plt
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


def test_the_axis_says_snr_in_db():
    (axes,) = draw().axes
    assert axes.get_xlabel() == "SNR (dB)"
