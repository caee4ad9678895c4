"""What is said below AESC-I's figures follows from their tables, at any profile."""

import numpy as np
import pandas as pd
import pytest

from semcom_lib.aesc_i import observations, reports
from semcom_lib.ledger.reference import load_reference

SNRS_DB = (0.0, 1.0, 2.0, 6.0)
SENT = np.zeros((2, 4, 4), np.uint8)


def results(aesc=(0.1, 0.2, 0.8, 0.9), jpeg=(0.1, 0.6, 0.7, 0.7), ratios=(20,), decoder=5000.0):
    """Recognition and a perceptual distance that is its complement; direct transmission is always right."""
    curves = {("direct", 1): (0.2, 1.0, 1.0, 1.0)}
    curves |= {(system, ratio): values for ratio in ratios for system, values in (("aesc", aesc), ("jpeg", jpeg))}
    transmission = [
        (system, ratio, "awgn", snr_db, metric, value, value - 0.02, value + 0.02, "feature_distance")
        for (system, ratio), values in curves.items()
        for metric in ("recognition_ratio", "perceptual")
        for snr_db, value in zip(SNRS_DB, values if metric != "perceptual" else 1 - np.array(values), strict=True)
    ]
    uses = [("direct", 1, "image", 6272.0)]
    for ratio in ratios:
        uses += [("aesc", ratio, "decoder", decoder), ("aesc", ratio, "image", 320.0), ("jpeg", ratio, "image", 330.0)]
    errors = [
        (part, ber, metric, value if metric == "recognition_ratio" else 1 - value)
        for part, values in (("decoder", (0.9, 0.5, 0.1)), ("latents", (0.9, 0.88, 0.6)))
        for ber, value in zip((1e-4, 1e-3, 1e-2), values, strict=True)
        for metric in ("recognition_ratio", "perceptual")
    ]
    training = [
        (z, epoch, pixel, pixel * 1.1, 0.5, semantic)
        for z in (196, 40)
        for epoch, pixel, semantic in ((1.0, 0.4, 0.2), (2.0, 0.3, 0.25), (3.5, 0.2, 0.1))
    ]
    columns = "system ratio channel snr_db metric value low high perceptual"
    return reports.Results(
        images="digits",
        data="generated digits",
        transmission=pd.DataFrame(transmission, columns=columns.split()),
        uses=pd.DataFrame(uses, columns="system ratio part channel_uses".split()),
        clean=pd.DataFrame(),
        decoder_errors=pd.DataFrame(errors, columns="part ber metric value".split()),
        training=pd.DataFrame(
            training,
            columns="z_dims epoch train_pixel validation_pixel train_semantic validation_semantic".split(),
        ),
        strips={
            "sent": SENT,
            "awgn_snrs_db": np.array([0.0, 2.0, 6.0]),
            "awgn_aesc": np.stack([SENT + 9, SENT + 5, SENT + 5], axis=1),
            "awgn_jpeg": np.stack([SENT + 90, SENT + 1, SENT + 3], axis=1),
        },
        names=load_reference("aesc_i").names,
    )


def said(sentences):
    return repr(sentences).replace("\N{NO-BREAK SPACE}", " ")


def test_losses_are_said_with_their_ends_and_their_rises():
    words = said(observations.losses(results(), "BCE loss"))
    assert "In 3.5 epochs at Z = 196 training takes the BCE loss from 0.440 to 0.220" in words
    assert "the semantic loss from 0.200 to 0.100" in words
    assert "For Z = 196 and 40 they end at 0.220 and 0.220" in words
    assert "the BCE loss rises 0 of 2 times and the semantic loss 1;" in words
    assert "they lie +10.0 % and −80.0 % from those of training images" in words


def test_better_is_higher_in_recognition_and_lower_in_distance():
    words = said(observations.one_ratio(results(), ["recognition_ratio", "perceptual"], "awgn", 20, paper="both alike"))
    for metric, ends in (("recognition-rate ratio", "0.900 and 0.700"), ("feature distance of M", "0.100 and 0.300")):
        assert (
            f"In {metric} AESC-I is better than JPEG from 2 dB on and worse at 1 dB; at 6 dB they have {ends}" in words
        )
    assert words.endswith("; the paper has both alike.")


def test_systems_that_cannot_be_told_apart_are_not_called_better_or_worse():
    alike = results(aesc=(0.1, 0.6, 0.7, 0.71))
    words = said(observations.one_ratio(alike, ["recognition_ratio"], "awgn", 20))
    assert "AESC-I and JPEG cannot be told apart at any SNR" in words
    ahead = results(aesc=(0.3, 0.8, 0.9, 0.95))
    words = said(observations.one_ratio(ahead, ["recognition_ratio"], "awgn", 20))
    assert "AESC-I is better than JPEG at every SNR and never worse" in words


def test_a_cliff_is_behind_where_nine_tenths_of_the_way_are_made_for_good():
    words = said(observations.one_ratio(results(), ["perceptual"], "awgn", 20))
    assert "lie behind AESC-I by 6 dB, JPEG by 2 dB and direct transmission by 1 dB" in words


def test_all_ratios_are_counted_together():
    words = said(observations.all_ratios(results(ratios=(4, 20)), ["recognition_ratio"], "awgn", paper="AESC-I ahead"))
    assert "AESC-I ends at 0.900 and 0.900 (ratios 4 and 20) and JPEG at 0.700 and 0.700" in words
    assert "of 8 points AESC-I is better at 4 and worse at 2" in words
    words = said(observations.all_ratios(results(), ["recognition_ratio"], "awgn", paper="AESC-I ahead"))
    assert "AESC-I ends at 0.900 (ratio 20) and JPEG at 0.700" in words


def test_images_arrive_where_they_stay_as_they_are_at_the_highest_snr():
    words = said(observations.strips(results(), "awgn"))
    assert "arrive as they do at 6 dB from 2 dB on with AESC-I and at 6 dB alone with JPEG" in words
    assert "At 0 dB the mean absolute error of a pixel is 9.0 (AESC-I) and 90.0 (JPEG) of 255 levels" in words
    assert "is left, it is 5.0 (AESC-I) and 3.0 (JPEG)" in words


@pytest.mark.parametrize(("decoder", "images"), [(5000.0, 501), (10.0, 2)])
def test_a_decoder_pays_from_its_break_even_on(decoder, images):
    words = said(observations.uses(results(decoder=decoder), 20))
    assert f"from {images} images on against JPEG" in words
    assert "stay above 5.1 % of direct transmission's and 97.0 % of JPEG's" in words


def test_errors_are_borne_as_long_as_little_is_lost():
    words = said(observations.decoder_errors(results(), ["recognition_ratio", "perceptual"]))
    assert (
        "Recognition-rate ratio differs most at a bit error rate of 0.01: 0.100 with errors in the decoder, 0.600"
        in words
    )
    assert "the decoder bears up to 0.0001 and the latents bear up to 0.001" in words
