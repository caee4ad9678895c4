"""LPIPS over SqueezeNet: its structure on made-up weights, its behaviour on the real ones; the demo's feature distance."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from semcom_lib import seeds
from semcom_lib.metrics import lpips
from semcom_lib.sources import fetch
from semcom_lib.sources.embedded_images import digits, textures
from semcom_lib.sources.images import to_tensor


def made_up(preprocessing=lpips.CAFFE, **changed):
    generator = seeds.torch_generator(1, "squeezenet")
    state = lpips._SqueezeNet().state_dict()
    weights = {
        f"features.{name}": torch.randn(value.shape, generator=generator) / value[0].numel() ** 0.5
        for name, value in state.items()
    }
    channels = (64, 128, 256, 384, 384, 512, 512)
    heads = {f"lin{k}.model.1.weight": torch.rand(1, c, 1, 1, generator=generator) for k, c in enumerate(channels)}
    return lpips.LpipsSqueeze(weights | changed, heads, preprocessing), weights, heads


def noisy(x, level):
    return (x + level * torch.randn(x.shape, generator=seeds.torch_generator(2))).clamp(0, 1)


PICTURES = to_tensor(textures(6, 1, "test")[0])
DIGITS = to_tensor(digits(6, 1, "test")[0])


def test_squeezenet_has_its_published_size():
    """SqueezeNet 1.1 has 1,235,496 weights, 513,000 of them in the classifier's last convolution."""
    assert sum(p.numel() for p in lpips._SqueezeNet().parameters()) == 1_235_496 - 513_000
    maps = lpips._SqueezeNet()(torch.zeros(1, 3, 64, 64))
    assert [tuple(f.shape[1:]) for f in maps] == [
        *((64, 31, 31), (128, 15, 15), (256, 7, 7)),
        *((384, 3, 3), (384, 3, 3), (512, 3, 3), (512, 3, 3)),
    ]


def test_the_distance_is_the_weighted_sum_of_unit_differences():
    """Recomputed map by map from the definition  [Zhang et al. 2018, eq. 1]."""
    model, _, heads = made_up(lpips.TORCHVISION)
    x = F.interpolate(PICTURES, size=64, mode="bilinear")
    x_hat = noisy(x, 0.1)
    prepared = [(y - model.mean) / model.std for y in (x, x_hat)]
    expected = torch.zeros(len(x))
    for k, (f, f_hat) in enumerate(zip(*(model.features(y) for y in prepared), strict=True)):
        difference = F.normalize(f, dim=1) - F.normalize(f_hat, dim=1)
        expected += (heads[f"lin{k}.model.1.weight"] * difference**2).sum(dim=1).mean(dim=(1, 2))
    torch.testing.assert_close(model(x, x_hat), expected)


def test_both_preprocessings_see_the_same_image():
    """First-layer weights translated from one convention into the other give the same distance."""
    theirs, weights, _ = made_up(lpips.TORCHVISION)
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (lpips.TORCHVISION.mean, lpips.TORCHVISION.std))
    caffe_mean = torch.tensor(lpips.CAFFE.mean).flip(0).view(3, 1, 1)
    kernel = weights["features.0.weight"]  # over RGB of (x - mean) / std; Caffe's over BGR of 255 (x - caffe_mean)
    shift = (kernel * ((caffe_mean - mean) / std)).sum(dim=(1, 2, 3))
    ours, _, _ = made_up(
        lpips.CAFFE,
        **{
            "features.0.weight": (kernel / std / 255).flip(1),
            "features.0.bias": weights["features.0.bias"] + shift,
        },
    )
    x_hat = noisy(PICTURES, 0.1)
    torch.testing.assert_close(ours(PICTURES, x_hat), theirs(PICTURES, x_hat), rtol=1e-3, atol=1e-6)


def test_small_images_are_enlarged_to_64_pixels():
    model, _, _ = made_up()
    x_hat = noisy(DIGITS, 0.1)
    large = [F.interpolate(x, size=(64, 64), mode="bilinear", align_corners=False) for x in (DIGITS, x_hat)]
    torch.testing.assert_close(model(DIGITS, x_hat), model(*large))


@pytest.fixture(scope="module")
def real():
    try:
        return lpips.lpips_squeeze()
    except fetch.DataUnavailable as error:
        pytest.skip(f"no LPIPS weights here: {error}")


@pytest.mark.parametrize("x", [DIGITS, PICTURES], ids=["digits", "pictures"])
def test_lpips_is_zero_for_equal_images_symmetric_and_grows_with_noise(real, x):
    assert real(x, x).tolist() == [0.0] * len(x)
    values = torch.stack([real(x, noisy(x, level)) for level in (0.02, 0.1, 0.4)])
    assert bool((values > 0).all())
    assert bool((values.mean(dim=1).diff() > 0).all())
    torch.testing.assert_close(real(noisy(x, 0.1), x), values[1])
    assert float(values[2].mean()) < 1.5


def test_lpips_prefers_a_brighter_image_to_a_blurred_one(real):
    """What LPIPS was made for: at equal mean squared error people mind blur more than a shift in level."""
    x = PICTURES
    blurred = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    shift = (blurred - x).square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
    assert float(real(x, x + shift).mean()) < float(real(x, blurred).mean())


def test_without_weights_both_places_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "CACHE", tmp_path)
    monkeypatch.setenv("SEMCOM_DATA", str(tmp_path))
    for name in ("_HEADS_URL", "_TORCHVISION_URL"):
        monkeypatch.setattr(lpips, name, "http://127.0.0.1:9/weights")
    with pytest.raises(
        fetch.DataUnavailable,
        match=r"lpips_squeeze_heads_v0\.1\.pth .*: not in SEMCOM_DATA = .*, 127\.0\.0\.1: ConnectionError",
    ):
        lpips.lpips_squeeze()


class Identity(nn.Module):
    def features(self, x):
        return x.flatten(1)


def test_the_feature_distance_is_the_cosine_distance_of_features():
    """Of unit vectors of d numbers: |u - v|^2 / d = 2 (1 - cos) / d."""
    distance = lpips.feature_distance(Identity())
    x_hat = noisy(DIGITS, 0.2)
    cosine = F.cosine_similarity(DIGITS.flatten(1), x_hat.flatten(1))
    torch.testing.assert_close(distance(DIGITS, x_hat), 2 * (1 - cosine) / 784, rtol=1e-3, atol=1e-7)
    assert distance(DIGITS, DIGITS).tolist() == [0.0] * len(DIGITS)


def test_what_cannot_be_compared_is_named():
    for distance in (made_up()[0], lpips.feature_distance(Identity())):
        with pytest.raises(ValueError, match=r"x is \(6, 1, 28, 28\), x_hat \(5, 1, 28, 28\)"):
            distance(DIGITS, DIGITS[:5])
        with pytest.raises(ValueError, match=r"x_hat is a numpy float32 array"):
            distance(DIGITS, DIGITS.numpy())
        with pytest.raises(ValueError, match=r"x is a torch.uint8 tensor"):
            distance(DIGITS.byte(), DIGITS.byte())
    assert set(lpips.PERCEPTUAL_NAMES) == {"lpips_squeeze", "feature_distance"}
