"""What is said below the paper's figures of AESC-I follows from their tables, at any profile."""

import numpy as np
import pytest

from semcom_lib.aesc_i import observations

SNRS_DB = (0.0, 1.0, 2.0, 6.0)


def said(sentences):
    return repr(sentences).replace("\N{NO-BREAK SPACE}", " ")


def levels(aesc=(0.1, 0.2, 0.8, 0.9), jpeg=(0.1, 0.6, 0.7, 0.7)):
    """Recognition over AWGN, and a distance that is its complement; direct transmission is nearly always right."""
    curves = {"aesc": aesc, "jpeg": jpeg, "direct": (0.2, 1.0, 1.0, 1.0)}

    def level(table, key, metric, at):
        if table == "transmission" and key["channel"] == "awgn":
            value = curves[key["system"]][SNRS_DB.index(at)] - 0.15 * (key["spread"] == "blocks") * (at == 1.0)
        elif table == "no_channel":
            value = {"pixels": 0.8, "mean_image": 0.1, "black_image": 0.05}.get(key["system"])
            value = curves[key["system"]][-1] if value is None else value
        else:
            value = 0.5
        return {"psnr": 30 * value, "perceptual": 1 - value}.get(metric, value)

    return level


def test_losses_are_said_with_their_epochs_their_ends_and_what_the_last_fifth_changed(made_up):
    words = said(observations.losses(made_up("pictures", (3, 12)), "MSE loss"))
    assert (
        "From epoch 3.0 to 13.0 the validation losses come, for Z = 98 and 40, to 0.117 and 0.117 (MSE loss)" in words
    )
    assert "they changed by −9.8 % (MSE loss) and by −9.8 % (semantic loss)" in words
    assert "more than 5 % lower came 2 of 2 (MSE loss) and 2 of 2 (semantic loss)" in words
    assert "0 % (MSE loss) and 0 % (semantic loss) are higher than the one before" in words


def test_a_loss_that_hardly_changed_in_the_end_is_not_said_to_fall(made_up):
    results = made_up(ratios=(20,))
    late = results.training.step >= 800
    results.training.loc[late, "validation_pixel"] = [0.2, 0.3, 0.198]
    words = said(observations.losses(results, "BCE loss"))
    assert "−1.0 % (BCE loss)" in words
    assert "lower came 1 of 1 (semantic loss) of the Z" in words
    assert "22 % (BCE loss)" in words


def test_bits_are_said_beside_the_papers_ratios(made_up):
    words = said(observations.sent(made_up()))
    assert "ratios 4, 8 and 20 are, in bits, 4.00, 8.00 and 20.00 of AESC-I and 3.64, 7.27 and 18.18 of JPEG" in words
    assert "JPEG has 1.10 times AESC-I's bits" in words
    assert "the latents of 34 to 223 images" in words


def test_without_a_channel_jpeg_the_network_without_semantic_loss_and_floors_are_compared(made_up):
    words = said(observations.without_channel(made_up(ratios=(4, 20), level=levels(), awgn=SNRS_DB)))
    assert "in recognition-rate ratio better at 2 of 2 ratios and worse at 0" in words
    assert "in feature distance of M better at 2 of 2 ratios and worse at 0" in words
    assert "+0.100 in recognition-rate ratio and of −0.100 in feature distance of M, against AESC-I without" in words
    assert "0.100 (mean image) and 0.050 (black image)" in words


def test_better_is_higher_in_recognition_and_lower_in_distance_in_both_readings(made_up):
    results = made_up(ratios=(20,), level=levels(), awgn=SNRS_DB)
    words = said(observations.one_ratio(results, ["recognition_ratio", "perceptual"], "awgn", 20, paper="both alike"))
    better = "AESC-I is better than JPEG from 2 dB on and worse at 1 dB"
    ways = f"{better} (bits of a session interleaved); {better} (blocks fail whole)"
    assert f"In recognition-rate ratio {ways}; without errors they have 0.900 (AESC-I), 0.700 (JPEG) and 1.000" in words
    assert f"In feature distance of M {ways}; without errors they have 0.100 (AESC-I), 0.300 (JPEG) and 0.000" in words
    assert words.endswith("; the paper has both alike.")


def test_systems_that_cannot_be_told_apart_are_not_called_better_or_worse(made_up):
    alike = made_up(ratios=(20,), level=levels(aesc=(0.1, 0.6, 0.7, 0.7001)), awgn=SNRS_DB)
    words = said(observations.one_ratio(alike, ["recognition_ratio"], "awgn", 20))
    assert "AESC-I and JPEG cannot be told apart at any SNR (bits" in words
    ahead = made_up(ratios=(20,), level=levels(aesc=(0.3, 0.8, 0.9, 0.95)), awgn=SNRS_DB)
    words = said(observations.one_ratio(ahead, ["recognition_ratio"], "awgn", 20))
    assert "AESC-I is better than JPEG at every SNR and never worse" in words


def test_too_few_trials_tell_nothing_apart(made_up):
    ahead = made_up(ratios=(20,), trials=19, level=levels(aesc=(0.3, 0.8, 0.9, 0.95)), awgn=SNRS_DB)
    words = said(observations.one_ratio(ahead, ["recognition_ratio"], "awgn", 20))
    assert "AESC-I and JPEG cannot be told apart at any SNR" in words


def test_a_cliff_is_behind_where_nine_tenths_of_the_way_are_made_for_good(made_up):
    results = made_up(ratios=(20,), level=levels(), awgn=SNRS_DB)
    words = said(observations.one_ratio(results, ["perceptual"], "awgn", 20))
    ends = (
        "AESC-I by 6 dB, JPEG by 2 dB and direct transmission by 1 dB",
        "AESC-I by 6 dB, JPEG by 2 dB and direct transmission by 2 dB",
    )
    assert f"lie behind {ends[0]} (bits of a session interleaved), and behind {ends[1]} (blocks fail whole)" in words


def test_all_ratios_are_counted_together(made_up):
    for ratios, ends in (
        ((4, 20), ("0.900 and 0.900", "ratios 4 and 20", "0.700 and 0.700")),
        ((20,), ("0.900", "ratio 20", "0.700")),
    ):
        results = made_up(ratios=ratios, level=levels(), awgn=SNRS_DB)
        words = said(observations.all_ratios(results, ["recognition_ratio"], "awgn", paper="AESC-I ahead"))
        assert f"AESC-I has {ends[0]} without errors ({ends[1]}) and JPEG {ends[2]}" in words
        count = len(ratios)
        assert f"of {4 * count} points AESC-I is better at {2 * count} and worse at {count}" in words


def test_images_arrive_where_they_stay_as_they_are_at_the_highest_snr(made_up):
    results = made_up(ratios=(20,))
    sent = np.zeros((2, 28, 28), np.uint8)
    results.strips.update(
        sent=sent,
        awgn_aesc=np.stack([sent + 9, sent + 5, sent + 5], axis=1),
        awgn_jpeg=np.stack([sent + 90, sent + 1, sent + 3], axis=1),
    )
    words = said(observations.strips(results, "awgn"))
    assert "As at 2.5 dB the images shown arrive from 1 dB on with AESC-I and at 2.5 dB alone with JPEG" in words
    assert "At 0 dB the mean absolute error of a pixel is 9.0 (AESC-I) and 90.0 (JPEG) of 255 levels" in words
    assert "At 2.5 dB it is 5.0 (AESC-I) and 3.0 (JPEG)" in words


@pytest.mark.parametrize("images", ["digits", "pictures"])
def test_one_ratio_and_three_points_are_enough_for_every_sentence(made_up, images):
    results = made_up(images, (12,), trials=2, awgn=(0.0, 1.5, 2.5))
    for channel in ("awgn", "rayleigh", "delay_line"):
        assert observations.readings_of(results, channel) == ["session", "blocks"]
        assert said(observations.one_ratio(results, ["recognition_ratio"], channel, 12))
    assert said(observations.all_ratios(results, ["ssim"], "awgn", reading="blocks", paper="something"))
    assert said(observations.without_channel(results))
    assert "ratio 12 is, in bits" in said(observations.sent(results))
