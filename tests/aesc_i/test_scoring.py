"""What is counted in a session: recognition by two judges, against labels and originals; sums of image metrics."""

import numpy as np
import pytest
import torch
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity
from torch import nn

from semcom_lib.aesc_i.classifiers import DigitClassifier
from semcom_lib.aesc_i.scoring import JUDGED, METRICS, QUALITY, Scorer
from semcom_lib.aesc_i.systems import DirectImages, FixedImage
from semcom_lib.metrics.lpips import feature_distance
from semcom_lib.sources.images import to_tensor


def distance(x, x_hat):
    return (x - x_hat).abs().mean(dim=(1, 2, 3))


def sessions_of(trained):
    return trained.images.reshape(5, 4, 28, 28), trained.labels.reshape(5, 4)


def judges_of(trained):
    return {"recognition_ratio": trained.judge, "recognition_ratio_m": trained.classifier}


def scorer(trained):
    return Scorer(judges_of(trained), distance, *sessions_of(trained))


class Denier(nn.Module):
    """Sees a nine in every image."""

    def forward(self, x):
        return torch.eye(10)[9].expand(len(x), -1)


def test_images_as_they_were_sent_are_perfect(trained):
    counts = scorer(trained).counts(2, sessions_of(trained)[0][2])
    for metric in JUDGED:
        assert counts[f"recognised_{metric}"] == counts[f"sent_{metric}"] == counts["images"] == 4
        assert METRICS[metric](counts) == 1
    assert METRICS["ssim"](counts) == pytest.approx(1)
    assert METRICS["psnr"](counts) == pytest.approx(100)
    assert METRICS["perceptual"](counts) == 0
    assert METRICS["bit_error_rate"](counts | {"bit_errors": 3, "bits": 12}) == 0.25
    assert set(METRICS) - set(QUALITY) == {"bit_error_rate"}
    assert [name for name in QUALITY if np.isfinite(QUALITY[name](counts))] == list(QUALITY)


def test_other_images_are_recognised_as_what_they_show(trained):
    """Session 1 in the place of session 0: two images of 2 and of 3 for two of 0 and of 1; then one of them right."""
    sessions, labels = sessions_of(trained)
    assert labels[:2].tolist() == [[0, 0, 1, 1], [2, 2, 3, 3]]
    counts = scorer(trained).counts(0, sessions[1])
    mixed = np.concatenate([sessions[1][:3], sessions[0][3:]])
    of_mixed = scorer(trained).counts(0, mixed)
    for metric in JUDGED:
        assert (counts[f"recognised_{metric}"], counts[f"sent_{metric}"], counts["images"]) == (0, 4, 4)
        assert METRICS[metric](of_mixed) == 0.25


def test_each_judge_has_a_metric_of_its_own(trained):
    """One judge sees a nine everywhere: right of two images, as they were sent too; of the other judge nothing changes."""
    sessions, labels = sessions_of(trained)
    assert labels[4].tolist() == [8, 8, 9, 9]
    for denied, heard in (JUDGED, JUDGED[::-1]):
        judges = judges_of(trained) | {denied: Denier().eval()}
        counts = Scorer(judges, distance, sessions, labels).counts(4, sessions[0])
        assert (counts[f"recognised_{denied}"], counts[f"sent_{denied}"]) == (2, 2)
        assert (counts[f"recognised_{heard}"], counts[f"sent_{heard}"]) == (0, 4)
        assert (METRICS[denied](counts), METRICS[heard](counts)) == (1, 0)


def test_what_is_wrongly_recognised_as_sent_does_not_count_in_the_ratio(trained):
    sessions, labels = sessions_of(trained)
    labels = labels.copy()
    labels[0, 0] = 9  # which the classifier denies
    counts = Scorer(judges_of(trained), distance, sessions, labels).counts(0, sessions[0])
    for metric in JUDGED:
        assert (counts[f"recognised_{metric}"], counts[f"sent_{metric}"]) == (3, 3)
        assert METRICS[metric](counts) == 1


def test_sums_are_those_of_scikit_images_metrics(trained):
    sessions, _ = sessions_of(trained)
    received = np.clip(sessions[3].astype(int) + np.random.default_rng(1).integers(-40, 40, sessions[3].shape), 0, 255)
    received = received.astype(np.uint8)
    counts = scorer(trained).counts(3, received)
    settings = {"data_range": 255, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    pairs = list(zip(sessions[3], received, strict=True))
    assert counts["ssim"] == pytest.approx(sum(structural_similarity(x, y, **settings) for x, y in pairs), abs=1e-4)
    mse = [mean_squared_error(x, y) / 255**2 for x, y in pairs]
    assert counts["squared_error"] == pytest.approx(sum(mse), rel=1e-5)
    assert METRICS["psnr"](counts) == pytest.approx(peak_signal_noise_ratio(sessions[3], received), rel=1e-5)
    levels = np.abs(sessions[3].astype(float) - received).mean(axis=(1, 2)) / 255
    assert counts["perceptual"] == pytest.approx(levels.sum(), rel=1e-5)


def test_psnr_is_that_of_the_mean_squared_error_not_the_mean_of_decibels():
    """MSEs of 0.1 and 0.001, alone 10 and 30 dB: together 10 log10(1 / 0.0505); no error at all is 100 dB."""
    counts = {"squared_error": np.array([0.1, 0.001]), "images": np.array([1, 1])}
    assert METRICS["psnr"](counts).tolist() == pytest.approx([10, 30])
    together = {name: count.sum() for name, count in counts.items()}
    assert METRICS["psnr"](together) == pytest.approx(10 * np.log10(1 / 0.0505))
    assert METRICS["psnr"]({"squared_error": 0.0, "images": 2}) == 100


def test_a_session_without_errors_is_decoded_and_judged_once(trained, monkeypatch):
    system = DirectImages(sessions_of(trained)[0])
    judging = scorer(trained)
    expected = judging.counts(1, sessions_of(trained)[0][1])
    asked, count = [], judging.counts
    monkeypatch.setattr(judging, "counts", lambda session, x: asked.append(session) or count(session, x))
    assert [judging.error_free(system, 1) for _ in range(3)] == [expected] * 3
    judging.error_free(system, 2)
    judging.error_free(FixedImage(np.zeros((28, 28), np.uint8), sessions_of(trained)[0]), 1)
    assert asked == [1, 2, 1]


def test_the_perceptual_distance_compares_what_was_sent_with_what_came(trained):
    sessions, labels = sessions_of(trained)
    perceptual = feature_distance(trained.classifier)
    judge = Scorer(judges_of(trained), perceptual, sessions, labels)
    with torch.inference_mode():
        expected = float(perceptual(to_tensor(sessions[0]), to_tensor(sessions[4])).sum())
    assert judge.counts(0, sessions[4])["perceptual"] == pytest.approx(expected, rel=1e-5)
    assert expected > 0


def test_judges_in_training_mode_or_of_other_metrics_are_refused(trained):
    for metric in JUDGED:
        with pytest.raises(ValueError, match=rf"the judge of {metric} is in training mode"):
            Scorer(judges_of(trained) | {metric: DigitClassifier(4)}, distance, *sessions_of(trained))
    with pytest.raises(ValueError, match="judges are for ssim; must be for recognition_ratio, recognition_ratio_m"):
        Scorer({"ssim": trained.judge}, distance, *sessions_of(trained))
