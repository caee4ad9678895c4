"""What is said below AESC-I's additional figures follows from their tables, at any profile."""

import re
from dataclasses import replace

import numpy as np
import pytest

from semcom_lib.aesc_i import observed_additions
from semcom_lib.ledger.paired import Paired

METRICS = ["recognition_ratio", "perceptual"]


def said(sentences):
    return repr(sentences).replace("\N{NO-BREAK SPACE}", " ")


def test_quantisation_is_said_against_floats(made_up):
    words = said(observed_additions.precision(made_up(ratios=(20,)), 8, 8))
    assert (
        "With 8 and 8 bits a weight and a latent, recognition-rate ratio differs from that of floats by −0.002" in words
    )
    assert "feature distance of M differs from that of floats by +0.001" in words
    assert "In PSNR the difference is −0.055 dB, and −0.027 dB with 16 and 16 bits" in words


def test_the_best_gamma_is_highest_in_recognition_and_lowest_in_distance(made_up):
    results = made_up(ratios=(20,))
    words = said(observed_additions.gammas(results))
    assert (
        "validation images choose 0.5, the system's, by recognition-rate ratio (0.850), from which 0.25 differs by −0.012."
        in words
    )
    assert "the best are 0.5 in recognition-rate ratio (0.850), 0.5 in recognition-rate ratio by M (0.850)" in words
    assert "0.5 in feature distance of M (0.063)" in words
    assert "the system's γ = 0.5 makes a difference of +0.050 in recognition-rate ratio and of +0.050 in" in words
    assert "−0.021 in feature distance of M and of +1.100 in PSNR (dB)" in words
    assert "not for certain" not in words


def test_where_validation_chooses_another_gamma_the_system_s_is_said_against_it(made_up):
    results = made_up(ratios=(20,))
    swapped = results.gammas_validation.table.replace({"gamma": {0.25: 0.5, 0.5: 0.25}})
    others = replace(results, gammas_validation=Paired(swapped, results.gammas_validation.draws))
    words = said(observed_additions.gammas(others))
    assert "choose 0.25 by recognition-rate ratio (0.850), from which 0.5, the system's, differs by −0.012." in words


def test_over_a_symmetric_channel_each_system_bears_what_costs_it_little(made_up):
    words = said(observed_additions.bsc(made_up(), METRICS))
    assert "of 24 points AESC-I is better at 6 and worse at 15" in words
    assert "borne up to 1.0 · 10⁻⁵ by AESC-I, ratio 20; up to 3.0 · 10⁻⁴ by JPEG, ratio 20; up to" in words


def test_errors_of_each_part_are_told_apart(made_up):
    words = said(observed_additions.decoder_errors(made_up(ratios=(20,)), METRICS))
    assert (
        "Recognition-rate ratio differs most at a bit error rate of 1.0 · 10⁻³: with errors it is 0.124 in the decoder"
        in words
    )
    assert "0.763 in the latents and 0.495 in JPEG's scans" in words
    assert "the decoder up to 1.0 · 10⁻⁵, the latents up to 3.0 · 10⁻⁴ and JPEG's scans up to 1.0 · 10⁻⁴" in words


def test_at_equal_quality_jpegs_bits_are_said_by_code_or_where_its_sweep_ends(made_up):
    results = made_up(ratios=(4, 20))
    rows = results.quality
    rows.loc[(rows.system == "aesc") & (rows.ratio == 4), "value"] = 0.001  # worse in recognition, better in distance
    words = said(observed_additions.equal_quality(results, METRICS))
    recognition, distance, _ = words.split(". ")
    needed = 300 * np.log(0.4 / 0.11)  # JPEG's bits for a recognition of 0.89, AESC-I's at ratio 20
    for said_of, side, ends in ((recognition, "under", (150, 120)), (distance, "over", (1350, 1080))):
        found = re.findall(rf"{side} ([.0-9]+) and ([.0-9]+) times with", said_of)
        bits = [(6272 / 4 * share, 6272 / 20 * share) for share in (1.0, 0.8)]
        expected = [(end / at_4, needed / at_20) for end, (at_4, at_20) in zip(ends, bits, strict=True)]
        np.testing.assert_allclose(np.array(found, float), expected, rtol=0.06)
    assert "the latents take 80 % and 80 % of their fixed number of bits" in words


def test_where_jpeg_never_gets_so_good_its_most_bits_are_a_lower_bound(made_up):
    results = made_up(ratios=(20,))
    rows = results.quality
    rows.loc[(rows.system == "aesc") & (rows.metric == "recognition_ratio"), "value"] = 1.5
    words = said(observed_additions.equal_quality(results, ["recognition_ratio"]))
    assert (
        f"over {1350 / 313.6:.2f} times with standard tables and over {1350 / 313.6:.2f} times with own tables" in words
    )


def test_a_decoder_pays_from_its_break_even_on_by_either_code(made_up):
    results = made_up(ratios=(20,))
    words = said(observed_additions.decoder_share(results, 20, METRICS))
    assert "takes 70,000 bits, as many as the latents of 223 images (ratio 20)" in words
    assert "It pays from 12 images on against direct transmission, from 2,233 images on against JPEG, ratio 20" in words
    assert "(a fixed number of bits); from 12 images on against direct transmission, from" in words
    results.uses.loc[results.uses.system == "jpeg", "bits"] = 313.0
    words = said(observed_additions.decoder_share(results, 20, METRICS))
    assert "never against JPEG, ratio 20" in words
    assert f"above {100 * 313.6 / 313:.1f} % of those of JPEG, ratio 20" in words


@pytest.mark.parametrize("images", ["digits", "pictures"])
def test_one_ratio_and_few_trials_are_enough_for_every_sentence(made_up, images):
    results = made_up(images, (12,), trials=2)
    few = np.isin(results.bsc.table.ber, (1e-4, 1e-2))
    results = replace(results, bsc=Paired(results.bsc.table[few], results.bsc.draws[few]))
    for sentences in (
        observed_additions.precision(results, 16, 8),
        observed_additions.gammas(results),
        observed_additions.bsc(results, METRICS),
        observed_additions.decoder_errors(results, METRICS),
        observed_additions.equal_quality(results, METRICS),
        observed_additions.decoder_share(results, 12, METRICS),
    ):
        assert "nan" not in said(sentences)
