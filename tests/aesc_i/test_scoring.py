"""What is counted in a session: recognition against labels and originals, sums of image metrics."""

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from semcom_lib.aesc_i.classifiers import DigitClassifier
from semcom_lib.aesc_i.scoring import METRICS, Scorer
from semcom_lib.metrics.lpips import feature_distance
from semcom_lib.sources.images import to_tensor


def distance(x, x_hat):
    return (x - x_hat).abs().mean(dim=(1, 2, 3))


def sessions_of(trained):
    return trained.images.reshape(5, 4, 28, 28), trained.labels.reshape(5, 4)


def scorer(trained):
    return Scorer(trained.classifier, distance, *sessions_of(trained))


def test_images_as_they_were_sent_are_perfect(trained):
    counts = scorer(trained).counts(2, sessions_of(trained)[0][2])
    assert counts["recognised"] == counts["recognised_sent"] == counts["images"] == 4
    assert METRICS["recognition_ratio"](counts) == 1
    assert METRICS["ssim"](counts) == pytest.approx(1)
    assert METRICS["psnr"](counts) == pytest.approx(100)
    assert METRICS["perceptual"](counts) == 0
    assert METRICS["bit_error_rate"](counts | {"bit_errors": 3, "bits": 12}) == 0.25


def test_other_images_are_recognised_as_what_they_show(trained):
    """Session 1 in the place of session 0: two images of 2 and of 3 for two of 0 and of 1; then one of them right."""
    sessions, labels = sessions_of(trained)
    assert labels[:2].tolist() == [[0, 0, 1, 1], [2, 2, 3, 3]]
    counts = scorer(trained).counts(0, sessions[1])
    assert (counts["recognised"], counts["recognised_sent"], counts["images"]) == (0, 4, 4)
    mixed = np.concatenate([sessions[1][:3], sessions[0][3:]])
    assert METRICS["recognition_ratio"](scorer(trained).counts(0, mixed)) == 0.25


def test_what_is_wrongly_recognised_as_sent_does_not_count_in_the_ratio(trained):
    sessions, labels = sessions_of(trained)
    labels = labels.copy()
    labels[0, 0] = 9  # which the classifier denies
    judge = Scorer(trained.classifier, distance, sessions, labels)
    counts = judge.counts(0, sessions[0])
    assert (counts["recognised"], counts["recognised_sent"]) == (3, 3)
    assert METRICS["recognition_ratio"](counts) == 1


def test_sums_are_those_of_scikit_images_metrics(trained):
    sessions, _ = sessions_of(trained)
    received = np.clip(sessions[3].astype(int) + np.random.default_rng(1).integers(-40, 40, sessions[3].shape), 0, 255)
    received = received.astype(np.uint8)
    counts = scorer(trained).counts(3, received)
    settings = {"data_range": 255, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    pairs = list(zip(sessions[3], received, strict=True))
    assert counts["ssim"] == pytest.approx(sum(structural_similarity(x, y, **settings) for x, y in pairs), abs=1e-4)
    assert counts["psnr_db"] == pytest.approx(sum(peak_signal_noise_ratio(x, y) for x, y in pairs), rel=1e-5)
    levels = np.abs(sessions[3].astype(float) - received).mean(axis=(1, 2)) / 255
    assert counts["perceptual"] == pytest.approx(levels.sum(), rel=1e-5)


def test_the_perceptual_distance_compares_what_was_sent_with_what_came(trained):
    sessions, labels = sessions_of(trained)
    perceptual = feature_distance(trained.classifier)
    judge = Scorer(trained.classifier, perceptual, sessions, labels)
    with torch.inference_mode():
        expected = float(perceptual(to_tensor(sessions[0]), to_tensor(sessions[4])).sum())
    assert judge.counts(0, sessions[4])["perceptual"] == pytest.approx(expected, rel=1e-5)
    assert expected > 0


def test_a_classifier_in_training_mode_is_refused(trained):
    with pytest.raises(ValueError, match="classifier is in training mode; it must be in evaluation mode"):
        Scorer(DigitClassifier(4), distance, *sessions_of(trained))
