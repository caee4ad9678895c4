"""AESC-I's reports: names that cannot drift, counts that add up, curves that can be told apart in print."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from semcom_lib.aesc_i import reports
from semcom_lib.ledger.reference import load_reference
from semcom_lib.metrics import lpips

DECODER, LATENTS, JPEG, DIRECT = 5000.0, 320.0, 330.0, 6272.0


@pytest.fixture(autouse=True)
def closed_figures():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def results(jpeg=JPEG):
    transmission = [
        (system, ratio, "awgn", snr_db, metric, 0.5, 0.4, 0.6, 4, 40, "feature_distance")
        for system, ratio in (("aesc", 4), ("jpeg", 4), ("direct", 1), ("aesc", 20), ("jpeg", 20))
        for metric in ("ssim", "perceptual")
        for snr_db in (0.0, 6.0)
    ]
    uses = [("direct", 1, "image", DIRECT, DIRECT)]
    for ratio in (4, 20):
        uses += [("aesc", ratio, "decoder", DECODER, DECODER), ("aesc", ratio, "image", LATENTS, LATENTS)]
        uses += [("jpeg", ratio, "image", jpeg, jpeg)]
    columns = "system ratio channel snr_db metric value low high trials images perceptual"
    rng = np.random.default_rng(3)
    return reports.Results(
        images="digits",
        data="generated digits",
        transmission=pd.DataFrame(transmission, columns=columns.split()),
        uses=pd.DataFrame(uses, columns="system ratio part bits channel_uses".split()).assign(
            code="LDPC", modulation="qpsk"
        ),
        clean=pd.DataFrame(
            [("aesc", 20, "ssim", 0.9, 0.88, 0.92), ("direct", 1, "ssim", 1.0, 1.0, 1.0)],
            columns="system ratio metric value low high".split(),
        ),
        decoder_errors=pd.DataFrame(),
        training=pd.DataFrame(),
        strips={
            "sent": rng.integers(0, 256, (2, 4, 4), dtype=np.uint8),
            "awgn_snrs_db": np.array([0.0, 2.5]),
            "awgn_aesc": rng.integers(0, 256, (2, 2, 4, 4), dtype=np.uint8),
            "awgn_jpeg": rng.integers(0, 256, (2, 2, 4, 4), dtype=np.uint8),
        },
        names=load_reference("aesc_i").names,
    )


def test_the_perceptual_distances_have_the_names_that_their_module_gives_them():
    assert load_reference("aesc_i").names.of("perceptual") == lpips.PERCEPTUAL_NAMES
    assert results().metric_name("perceptual") == lpips.PERCEPTUAL_NAMES["feature_distance"]


@pytest.mark.parametrize(("system", "image"), [("jpeg", JPEG), ("direct", DIRECT)])
def test_from_the_break_even_on_decoder_and_latents_take_fewer_uses_and_before_it_they_do_not(system, image):
    n = reports.break_even(results(), 20, system)
    assert DECODER + n * LATENTS < n * image
    assert DECODER + (n - 1) * LATENTS >= (n - 1) * image


@pytest.mark.parametrize("jpeg", [LATENTS, LATENTS - 1])
def test_latents_that_are_not_cheaper_than_jpeg_never_pay_for_the_decoder(jpeg):
    assert reports.break_even(results(jpeg), 20, "jpeg") is None
    table = reports.break_even_table(results(jpeg)).frame
    assert set(table["images until fewer uses than JPEG"]) == {"never"}
    assert table.loc["20", "images until fewer uses than direct transmission"] == "1"


def test_every_curve_differs_from_every_other_and_a_system_keeps_its_marker():
    figure = reports.versus_snr(results(), ["ssim", "perceptual"], "awgn", caption="")
    for axes in figure.axes:
        looks = {line.get_label(): (line.get_color(), line.get_marker()) for line in axes.lines}
        assert set(looks) == {"AESC-I, ratio 4", "AESC-I, ratio 20", "JPEG, ratio 4", "JPEG, ratio 20"}
        assert len(set(looks.values())) == 4
        assert looks["AESC-I, ratio 4"][1] == looks["AESC-I, ratio 20"][1] != looks["JPEG, ratio 20"][1]
        assert looks["AESC-I, ratio 4"][0] == looks["JPEG, ratio 4"][0]


def test_ticks_are_at_measured_snrs_and_bit_error_rates_keep_their_decades():
    (axes,) = reports.versus_snr(results(), ["ssim"], "awgn", caption="").axes
    assert list(axes.get_xticks()) == [0, 6]


def test_one_ratio_is_drawn_against_direct_transmission_without_colour_too():
    (axes,) = reports.versus_snr(results(), ["ssim"], "awgn", ratio=20, caption="").axes
    assert [line.get_label() for line in axes.lines] == ["direct transmission", "AESC-I, ratio 20", "JPEG, ratio 20"]
    assert len({(line.get_marker(), line.get_linestyle()) for line in axes.lines}) == 3
    assert len({line.get_color() for line in axes.lines}) == 3


def test_the_table_of_uses_counts_an_image_against_its_pixels():
    table = reports.uses_table(results(), 20).frame
    assert len(table) == 4
    assert table.loc[("AESC-I, ratio 20", "an image"), "fewer bits"] == "19.60 x"
    assert table.loc[("AESC-I, ratio 20", "the decoder, once"), "channel uses"] == 5000


def test_the_table_without_a_channel_has_a_row_a_system_and_intervals():
    table = reports.without_channel(results()).frame
    assert table.index.tolist() == ["AESC-I, ratio 20", "direct transmission"]
    assert table.SSIM.tolist() == ["0.900 [0.880, 0.920]", "1.000 [1.000, 1.000]"]


def test_numbers_of_a_metric_stand_by_snr_under_its_name():
    table = reports.numbers(results(), "ssim", "awgn").frame
    assert (table.columns.name, table.index.name) == ("SSIM", "SNR (dB)")
    assert table.index.tolist() == [0, 6]
    assert table.columns.tolist() == [
        *("AESC-I, ratio 4", "JPEG, ratio 4", "direct transmission", "AESC-I, ratio 20", "JPEG, ratio 20"),
    ]


def test_strips_show_ours_above_jpeg_with_what_was_sent_at_the_left():
    kept = results()
    (axes,) = reports.strips(kept, "awgn", caption="").axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "(a) AESC-I",
        "(a) JPEG",
        "(b) AESC-I",
        "(b) JPEG",
    ]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["sent", "0 dB", "2.5 dB"]
    canvas = np.asarray(axes.images[0].get_array())
    np.testing.assert_array_equal(canvas[:4, :4], kept.strips["sent"][0])
    np.testing.assert_array_equal(canvas[-4:, -4:], kept.strips["awgn_jpeg"][1, 1])
