import numpy as np
import pandas as pd
import pytest

from semcom_lib.aesc_i.tradeoffs import CHEAPEST, NEVER, WITHIN, at_equal_quality, bits_needed, images_until

JPEG = pd.DataFrame({"bits": [1600.0, 100.0, 400.0], "value": [0.9, 0.5, 0.7]})  # in no order


def row(system, ratio, code, bits, value, decoder_bits=0, metric="recognition_ratio"):
    setting = f"quality {bits}" if system == "jpeg" else f"ratio {ratio}"
    return {
        "system": system,
        "setting": setting,
        "ratio": ratio,
        "code": code,
        "bits": bits,
        "decoder_bits": decoder_bits,
        "metric": metric,
        "value": value,
    }


QUALITY = pd.DataFrame(
    [
        *(row("jpeg", np.nan, "fixed", bits, value) for bits, value in [(100, 0.5), (400, 0.7), (1600, 0.9)]),
        *(row("jpeg", np.nan, "entropy", bits, value) for bits, value in [(50, 0.5), (200, 0.7), (800, 0.9)]),
        *(row("jpeg", np.nan, "fixed", bits, value, 0, "perceptual") for bits, value in [(100, 0.3), (400, 0.1)]),
        row("aesc", 20, "fixed", 320, 0.8, 48_000),
        row("aesc", 20, "entropy", 200, 0.8, 48_000),
        row("aesc", 4, "fixed", 1568, 0.95, 60_000),
        row("pixels", 20, "fixed", 320, 0.4, 48_000),
        row("aesc", 20, "fixed", 320, 0.2, 48_000, "perceptual"),
    ]
)


@pytest.mark.parametrize(("value", "bits"), [(0.6, 200), (0.7, 400), (0.8, 800), (0.9, 1600)])
def test_log_bits_are_linear_in_the_metric(value, bits):
    assert bits_needed(JPEG, value, lower_is_better=False) == (pytest.approx(bits), WITHIN)


@pytest.mark.parametrize(("value", "bits"), [(-0.6, 200), (-0.75, 400 * 4**0.25)])
def test_a_distance_falls_with_the_bits(value, bits):
    falling = JPEG.assign(value=-JPEG.value)
    assert bits_needed(falling, value, lower_is_better=True) == (pytest.approx(bits), WITHIN)


def test_beyond_the_sweep_nothing_is_made_up():
    for value, reached in [(0.95, NEVER), (0.4, CHEAPEST), (0.5, CHEAPEST)]:
        bits, how = bits_needed(JPEG, value, lower_is_better=False)
        assert np.isnan(bits)
        assert how == reached


def test_of_several_crossings_the_one_of_fewest_bits_counts():
    noisy = pd.DataFrame({"bits": [100.0, 200, 300, 400], "value": [0.5, 0.7, 0.6, 0.8]})
    bits, how = bits_needed(noisy, 0.65, lower_is_better=False)
    assert how == WITHIN
    assert bits == pytest.approx(100 * 2**0.75)


@pytest.mark.parametrize(("once", "saved", "images"), [(100, 30, 4), (90, 30, 4), (0, 30, 1), (29, 30, 1)])
def test_break_even_is_the_first_number_of_images_that_costs_less(once, saved, images):
    assert images_until(once, saved) == images
    assert images * saved > once
    assert (images - 1) * saved <= once


@pytest.mark.parametrize("saved", [0.0, -1.0, np.nan])
def test_what_saves_nothing_never_pays(saved):
    assert np.isnan(images_until(100, saved))


def test_each_system_is_held_against_jpeg_of_its_kind_of_code():
    table = at_equal_quality(QUALITY, "recognition_ratio").set_index(["system", "ratio", "code"])
    assert len(table) == 4
    fixed, entropy = table.loc[("aesc", 20, "fixed")], table.loc[("aesc", 20, "entropy")]
    assert (fixed.jpeg_bits, fixed.saved) == pytest.approx((800, 2.5))
    assert (entropy.jpeg_bits, entropy.saved) == pytest.approx((400, 2))
    assert fixed.break_even == 48_000 // 480 + 1
    assert entropy.break_even == 48_000 // 200 + 1
    assert fixed[["reached", "bits", "decoder_bits", "value"]].tolist() == [WITHIN, 320, 48_000, 0.8]
    better, worse = table.loc[("aesc", 4, "fixed")], table.loc[("pixels", 20, "fixed")]
    assert (better.reached, worse.reached) == (NEVER, CHEAPEST)
    assert np.isnan([better.jpeg_bits, worse.jpeg_bits, better.break_even, worse.break_even]).all()


def test_a_perceptual_distance_is_better_when_lower():
    (only,) = at_equal_quality(QUALITY, "perceptual").itertuples()
    assert only.jpeg_bits == pytest.approx(200)
    assert np.isnan(only.break_even)  # 320 bits of latents are more


@pytest.mark.parametrize(
    "call",
    [
        lambda: bits_needed(JPEG[:0], 0.5, lower_is_better=False),
        lambda: bits_needed(JPEG.assign(value=np.nan), 0.5, lower_is_better=False),
        lambda: at_equal_quality(QUALITY[QUALITY.system != "jpeg"], "recognition_ratio"),
    ],
)
def test_a_sweep_that_cannot_be_read_is_refused_in_one_line(call):
    with pytest.raises(ValueError, match=r"sweep has . rows: there must be at least one") as error:
        call()
    assert "\n" not in str(error.value)
