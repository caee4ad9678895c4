"""PSNR, SSIM and the recognition ratio against closed forms and scikit-image."""

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from semcom_lib import evaluation, seeds
from semcom_lib.metrics import image


def pair(*shape, noise=0.1):
    generator = seeds.torch_generator(1, *shape)
    x = torch.rand(*shape, generator=generator)
    return x, (x + noise * torch.randn(*shape, generator=generator)).clamp(0, 1)


def test_equal_images_have_the_capped_psnr_and_an_ssim_of_one():
    x, _ = pair(3, 1, 28, 28)
    assert image.psnr(x, x).tolist() == [image.PSNR_CAP_DB] * 3
    torch.testing.assert_close(image.ssim(x, x), torch.ones(3))


def test_psnr_of_a_constant_error_is_its_level():
    x = torch.full((2, 3, 16, 16), 0.5)
    torch.testing.assert_close(image.psnr(x, x + 0.1), torch.full((2,), 20.0))
    torch.testing.assert_close(image.psnr(torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)), torch.zeros(1))


@pytest.mark.parametrize("shape", [(4, 1, 28, 28), (4, 3, 32, 32)])
@pytest.mark.parametrize("noise", [0.01, 0.3])
def test_both_equal_scikit_images(shape, noise):
    x, x_hat = pair(*shape, noise=noise)
    a, b = x.double().numpy(), x_hat.double().numpy()
    settings = {"data_range": 1.0, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    ssim = [structural_similarity(a[i], b[i], channel_axis=0, **settings) for i in range(len(a))]
    psnr = [peak_signal_noise_ratio(a[i], b[i], data_range=1.0) for i in range(len(a))]
    np.testing.assert_allclose(image.ssim(x, x_hat), ssim, atol=1e-6)
    np.testing.assert_allclose(image.psnr(x, x_hat), psnr, rtol=1e-5)


@pytest.mark.parametrize("metric", [image.psnr, image.ssim])
def test_a_metric_is_symmetric_falls_with_noise_and_judges_each_image_alone(metric):
    x, _ = pair(5, 3, 32, 32)
    noisy = [pair(5, 3, 32, 32, noise=noise)[1] for noise in (0.02, 0.1, 0.4)]
    values = torch.stack([metric(x, x_hat) for x_hat in noisy])
    assert values.shape == (3, 5)
    assert values.dtype == torch.float32
    assert bool((values.diff(dim=0) < 0).all())
    torch.testing.assert_close(metric(noisy[0], x), values[0])
    torch.testing.assert_close(metric(x[2:3], noisy[1][2:3]), values[1, 2:3])


def test_flat_images_have_the_ssim_of_their_means():
    """Variances and covariance are zero: SSIM is the luminance term alone, here 2 a b / (a^2 + b^2) but for C1."""
    a, b = torch.full((1, 1, 28, 28), 0.2), torch.full((1, 1, 28, 28), 0.8)
    expected = (2 * 0.2 * 0.8 + 1e-4) / (0.2**2 + 0.8**2 + 1e-4)
    torch.testing.assert_close(image.ssim(a, b), torch.tensor([expected]), atol=1e-6, rtol=0)


def test_the_recognition_ratio_is_the_quotient_of_two_accuracies():
    logits = torch.eye(10)
    labels = torch.tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 0])  # as sent: 9 of 10 right
    received = logits[[0, 1, 2, 3, 4, 5, 0, 0, 0, 0]]  # as received: 7, for the wrong tenth is now right
    counts = image.recognition_counts(received, logits, labels)
    sums = {name: count.sum() for name, count in counts.items()}
    assert sums == {"recognised": 7, "recognised_sent": 9, "images": 10}
    assert image.recognition_ratio(sums) == 7 / 9
    summary = evaluation.summarise(counts, {"ratio": image.recognition_ratio}, rng=seeds.numpy_generator(1))
    (row,) = summary.table.to_dict("records")
    assert row["low"] < row["value"] == 7 / 9 < row["high"]


def test_an_image_is_recognised_by_its_own_label_and_its_own_largest_logit():
    logits = torch.tensor([[0.0, 3.0, 2.0], [-5.0, -1.0, -2.0], [9.0, 0.0, 8.0]])
    counts = image.recognition_counts(logits, logits.flip(0), torch.tensor([1, 0, 0]))
    assert counts["recognised"].tolist() == [1, 0, 1]
    assert counts["recognised_sent"].tolist() == [0, 0, 0]
    assert counts["images"].tolist() == [1, 1, 1]


def test_without_a_recognised_original_there_is_no_ratio():
    counts = {"recognised": np.array([0, 3]), "recognised_sent": np.array([0, 4]), "images": np.array([5, 5])}
    np.testing.assert_array_equal(image.recognition_ratio(counts), [np.nan, 0.75])
    assert np.isnan(image.recognition_ratio({name: count[0] for name, count in counts.items()}))


def test_what_cannot_be_compared_is_named():
    x = torch.zeros(2, 1, 28, 28)
    for metric in (image.psnr, image.ssim):
        with pytest.raises(ValueError, match=r"x is \(2, 1, 28, 28\), x_hat \(1, 1, 28, 28\)"):
            metric(x, x[:1])
    with pytest.raises(ValueError, match=r"images of 10 x 28 pixels; SSIM needs at least 11 a side"):
        image.ssim(x[:, :, :10], x[:, :, :10])


LOGITS, LABELS = torch.eye(10)[:3], torch.tensor([0, 1, 2])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: image.psnr(np.zeros((1, 1, 8, 8)), torch.zeros(1, 1, 8, 8)), "x is a numpy float64 array"),
        (
            lambda: image.psnr(*2 * [torch.zeros(1, 1, 8, 8, dtype=torch.uint8)]),
            "x is a torch.uint8 tensor .* floating-point",
        ),
        (lambda: image.psnr(*2 * [torch.full((1, 1, 8, 8), 255.0)]), r"x lies in 255\.\.255: pixels must be in 0\.\.1"),
        (lambda: image.ssim(*2 * [torch.full((1, 1, 28, 28), -0.5)]), r"x lies in -0\.5\.\.-0\.5"),
        (lambda: image.psnr(torch.zeros(8, 8), torch.zeros(8, 8)), r"x is \(8, 8\)"),
        (lambda: image.psnr(torch.zeros(1, 0, 8, 8), torch.zeros(1, 0, 8, 8)), r"x is \(1, 0, 8, 8\)"),
        (lambda: image.ssim(torch.zeros(1, 0, 28, 28), torch.zeros(1, 0, 28, 28)), r"x is \(1, 0, 28, 28\)"),
        (
            lambda: image.recognition_counts(LOGITS, LOGITS, LABELS[:2]),
            r"received has shape \(3, 10\): it must be \(2, classes\)",
        ),
        (lambda: image.recognition_counts(LOGITS[:, :9], LOGITS, LABELS), r"received has shape \(3, 9\)"),
        (lambda: image.recognition_counts(LOGITS, LOGITS, LABELS[:, None]), r"labels is a torch.int64 tensor \(3, 1\)"),
        (
            lambda: image.recognition_counts(LOGITS, LOGITS, LABELS + 8),
            r"labels lie in 8\.\.10: they must be in 0\.\.9",
        ),
        (lambda: image.recognition_counts(LOGITS, LOGITS, -LABELS), r"labels lie in -2\.\.0"),
        (lambda: image.recognition_counts(LOGITS * torch.nan, LOGITS, LABELS), "received has NaN entries"),
        (lambda: image.recognition_counts(LOGITS.numpy(), LOGITS, LABELS), "received is a numpy float32 array"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_a_metric_of_a_broken_image_is_nan_and_of_no_images_empty():
    x = torch.rand(3, 1, 28, 28)
    x_hat = x.clone()
    x_hat[1, 0, 3, 3] = torch.nan
    for metric in (image.psnr, image.ssim):
        assert metric(x, x_hat).isnan().tolist() == [False, True, False]
        assert metric(x[:0], x[:0]).shape == (0,)
        torch.testing.assert_close(metric(x.double(), x.flip(0).double()), metric(x, x.flip(0)), check_dtype=False)
