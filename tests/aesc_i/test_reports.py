"""AESC-I's tables: names that cannot drift, counts that add up, no interval from too few trials."""

import numpy as np
import pandas as pd
import pytest

from semcom_lib import draws, paths, tables
from semcom_lib.aesc_i import reports
from semcom_lib.ledger.reference import load_reference
from semcom_lib.metrics import lpips

DRAWN = {
    "transmission": "transmission",
    "bsc": "bsc",
    "decoder_errors": "decoder_errors",
    "no_channel": "clean",
    "precision": "precision",
    "gammas": "gammas",
    "gammas_validation": "gammas_validation",
}
PLAIN = {"channel_uses": "uses", "quality": "quality", "training": "training"}


def write(results):
    images = results.images
    for name, field in DRAWN.items():
        measured = getattr(results, field)
        tables.write_table("aesc_i", f"{name}_{images}", measured.table)
        draws.write_draws("aesc_i", f"{name}_{images}", measured.draws)
    for name, field in PLAIN.items():
        tables.write_table("aesc_i", f"{name}_{images}", getattr(results, field))
    if results.subsampling is not None:
        tables.write_table("aesc_i", "jpeg_subsampling_pictures", results.subsampling)
    sets = {"set": ["digits", "digits", "pictures"], "caption": ["made-up digits"] * 2 + ["made-up pictures"]}
    tables.write_table("aesc_i", "datasets", pd.DataFrame(sets))
    np.savez(paths.RESULTS / "aesc_i" / f"strips_{images}.npz", **results.strips)


def test_the_perceptual_distances_have_the_names_that_their_module_gives_them(made_up):
    assert load_reference("aesc_i").names.of("perceptual") == lpips.PERCEPTUAL_NAMES
    assert made_up().metric_name("perceptual") == lpips.PERCEPTUAL_NAMES["feature_distance"]


@pytest.mark.parametrize(("images", "ratios"), [("digits", (4, 20)), ("pictures", (12,))])
def test_results_are_read_as_they_were_written(made_up, images, ratios, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    made = made_up(images, ratios)
    write(made)
    read = reports.load(images)
    for field in DRAWN.values():
        pd.testing.assert_frame_equal(getattr(read, field).table, getattr(made, field).table)
        np.testing.assert_allclose(getattr(read, field).draws, getattr(made, field).draws, atol=1e-5)
    for field in PLAIN.values():
        pd.testing.assert_frame_equal(getattr(read, field), getattr(made, field))
    assert (read.data, read.ratios, read.gamma) == (f"made-up {images}", list(ratios), 0.5)
    assert (read.subsampling is None) == (images == "digits")


def test_jpeg_has_the_same_bits_in_both_committed_tables():
    """Both are means over all test images, so that no sample of them decides a claim."""
    results = reports.load("pictures")
    counted = results.subsampling[results.subsampling.subsampling == "4:2:2"]
    assert len(counted) == len(results.ratios)
    for ratio, bits in zip(counted.ratio, counted.bits, strict=True):
        assert reports.image_bits(results, "jpeg", ratio) == bits


def test_what_too_few_trials_gave_has_no_interval_wherever_it_is_read(made_up, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    for trials in (19, 20):
        write(made_up(ratios=(20,), trials=trials))
        read = reports.load("digits")
        for rows in (read.transmission.table, read.bsc.table, read.clean.table, read.quality):
            assert rows[["low", "high"]].notna().all(axis=None) == (trials == 20)
            assert rows[["low", "high"]].isna().all(axis=None) == (trials == 19)
        gap = read.difference(read.bsc, {"system": "aesc"}, {"system": "jpeg"}, along="ber", metric="ssim", ratio=20)
        assert gap.value.notna().all()
        assert gap[["low", "high"]].notna().all(axis=None) == (trials == 20)
        assert ("no bands" in reports.behind(read.bsc.table, "sessions")) == (trials == 19)


def test_a_difference_needs_the_trials_of_its_own_rows_alone(made_up):
    results = made_up(ratios=(20,))
    rows = results.transmission.table
    rows.loc[rows.channel == "delay_line", "trials"] = 3
    for channel, there in (("awgn", True), ("delay_line", False)):
        gap = results.difference(
            results.transmission,
            {"system": "aesc"},
            {"system": "jpeg"},
            channel=channel,
            spread="session",
            metric="ssim",
            ratio=20,
        )
        assert gap.low.notna().all() == there


def test_paired_differences_are_known_better_than_their_parts(made_up):
    results = made_up(ratios=(20,))
    gap = results.difference(results.bsc, {"system": "aesc"}, {"system": "jpeg"}, along="ber", metric="ssim", ratio=20)
    one = results.bsc.table
    assert (gap.high - gap.low).max() < 0.5 * (one.high - one.low).min()


@pytest.mark.parametrize("system", ["jpeg", "direct"])
def test_from_the_break_even_on_decoder_and_latents_take_fewer_uses_and_before_it_they_do_not(made_up, system):
    results = made_up()
    n = reports.break_even(results, 20, system)
    decoder, latents = (reports.channel_uses(results, "aesc", 20, part) for part in ("decoder", "image"))
    image = reports.channel_uses(results, system, 20)
    assert decoder + n * latents < n * image
    assert decoder + (n - 1) * latents >= (n - 1) * image


def test_latents_that_are_not_cheaper_than_jpeg_never_pay_for_the_decoder(made_up):
    results = made_up()
    results.uses.loc[results.uses.system == "jpeg", "channel_uses"] = 6272 / 20
    assert reports.break_even(results, 20, "jpeg") is None
    table = reports.break_even_table(results).frame
    assert set(table["images until fewer uses than JPEG"]) == {"never"}
    assert table.loc["20", "images until fewer uses than direct transmission"] == "12"


def test_legends_say_the_bits_of_an_image_also_of_the_network_without_semantic_loss(made_up):
    results = made_up()
    assert results.legend_name("aesc", 20) == "AESC-I, ratio 20: 314 bits"
    assert results.legend_name("direct", 1) == "direct transmission: 6,272 bits"
    assert reports.image_bits(results, "pixels", 20) == reports.image_bits(results, "aesc", 20)


def test_the_table_of_uses_has_the_ratio_in_bits_against_the_pixels(made_up):
    table = reports.uses_table(made_up(), 20).frame
    assert len(table) == 4
    assert table.loc[("JPEG, ratio 20", "an image"), "ratio in bits"] == "18.18"
    assert table.loc[("AESC-I, ratio 20", "the decoder, once"), "ratio in bits"] == ""
    assert table.loc[("AESC-I, ratio 20", "the decoder, once"), "channel uses"] == 70000


def test_the_table_without_a_channel_has_every_system_and_both_floors(made_up):
    table = reports.without_channel(made_up(ratios=(20,))).frame
    systems = ["AESC-I, ratio 20", "JPEG, ratio 20", "direct transmission", "AESC-I without semantic loss, ratio 20"]
    assert table.index.tolist() == [*systems, "mean image", "black image"]
    assert table.columns.tolist()[:2] == ["recognition-rate ratio", "recognition-rate ratio by M"]
    assert table.SSIM["direct transmission"].startswith("0.900\n[")


def test_numbers_of_a_metric_stand_by_snr_under_its_name_for_one_reading(made_up):
    results = made_up(ratios=(4, 20))
    table = reports.numbers(results, "ssim", "delay_line", "session").frame
    assert (table.columns.name, table.index.name, table.index.tolist()) == ("SSIM", "SNR (dB)", [0, 4, 8, 12])
    assert table.columns.tolist() == ["AESC-I, ratio 20", "direct transmission", "JPEG, ratio 20"]
    other = reports.numbers(results, "ssim", "delay_line", "blocks").frame
    assert (table.loc[4] != other.loc[4]).all()


def test_precision_is_said_in_bits_of_a_weight_and_a_latent(made_up):
    table = reports.precision_table(made_up(ratios=(4, 20))).frame
    assert table.index.get_level_values(1).tolist()[:4] == ["floats", "8 and 8 bits", "16 and 8 bits", "16 and 16 bits"]
    assert table.index.get_level_values(0).unique().tolist() == [4, 20]


def test_the_table_of_colours_has_a_column_for_each_of_the_papers_ratios(made_up):
    table = reports.subsampling_table(made_up("pictures", (3, 12))).frame
    assert table.index.tolist() == ["4:4:4", "4:2:2", "4:2:0"]
    assert table.columns.tolist() == ["the paper's 3 (quality 98)", "the paper's 12 (quality 98)"]
    assert table.loc["4:2:2"].tolist() == ["3.50", "12.50"]


def test_a_caption_says_that_slow_fading_was_not_drawn(made_up):
    results = made_up(ratios=(20,))
    assert results.points("rayleigh")[0] == "slow Rayleigh fading, integrated from what was counted over AWGN"
    assert results.points("awgn") == ("AWGN", "20 sessions, 500 test images a point, 95 % bands")
