"""Sessions of images: what goes in comes out, counts are sums, equal fades and noise for all systems."""

import numpy as np
import pytest
import torch
from torch import nn

from semcom_lib import seeds
from semcom_lib.aesc_i.autoencoders import DigitAutoencoder
from semcom_lib.aesc_i.transmission import (
    METRICS,
    AescI,
    DirectImages,
    JpegImages,
    Scorer,
    StreamBits,
    Transmission,
    damaged,
    without_errors,
)
from semcom_lib.coding.jpeg import Jpeg
from semcom_lib.coding.ldpc import Ldpc5G
from semcom_lib.physical_layer.fading import Awgn, Rayleigh
from semcom_lib.physical_layer.link import Link, Uncoded
from semcom_lib.physical_layer.modulation import Modulation
from semcom_lib.physical_layer.multipath import TappedDelayLine, session_fades
from semcom_lib.sources.images import to_tensor, to_uint8

NUM_SESSIONS, NUM_IMAGES = 3, 4
RNG = np.random.default_rng(7)
SESSIONS = np.clip(RNG.normal(120, 60, (NUM_SESSIONS, NUM_IMAGES, 28, 28)), 0, 255).astype(np.uint8)
LABELS = RNG.integers(0, 10, (NUM_SESSIONS, NUM_IMAGES))


class Brightness(nn.Module):
    """Recognises the class by the mean of one of ten bands."""

    def features(self, x):
        return x[..., :20].reshape(len(x), 10, -1).mean(dim=2)

    def forward(self, x):
        return self.features(x)


def distance(x, x_hat):
    return (x - x_hat).abs().mean(dim=(1, 2, 3))


def scorer():
    return Scorer(Brightness(), distance, SESSIONS, LABELS)


def autoencoder():
    with seeds.initialising(3, "image transmission"):
        return DigitAutoencoder(6).eval()


def systems():
    return {
        "aesc": AescI(autoencoder(), 8, SESSIONS),
        "jpeg": JpegImages(Jpeg(60, (28, 28)), SESSIONS),
        "direct": DirectImages(SESSIONS),
    }


def link(code=None):
    return Link(StreamBits(), code or Ldpc5G(512, 1024, 20, 2, "layered"), Modulation("qpsk"))


def fades(law, count=NUM_SESSIONS):
    return session_fades(law, count, generator=seeds.torch_generator(3, "fades"))


@pytest.mark.parametrize("name", ["aesc", "jpeg", "direct"])
def test_an_error_free_stream_gives_what_the_source_code_alone_gives(name):
    system = systems()[name]
    received = system.images(1, system.stream(1))
    if name == "direct":
        expected = SESSIONS[1]
    elif name == "jpeg":
        expected = np.stack([system.code.decode(system.code.encode(image)) for image in SESSIONS[1]])
    else:
        with torch.inference_mode():
            expected = to_uint8(autoencoder()(to_tensor(SESSIONS[1])))
    assert received.dtype == np.uint8
    largest = np.abs(received.astype(int) - expected).max()
    assert largest <= (6 if name == "aesc" else 0)  # weights and latents of 8 bits


@pytest.mark.parametrize("name", ["aesc", "jpeg", "direct"])
@pytest.mark.parametrize("law", [Awgn(), Rayleigh(), TappedDelayLine(3, 0.5, 16)])
def test_a_clean_channel_delivers_every_session(name, law):
    system = systems()[name]
    run = Transmission(system, link(), fades(law), scorer(), shown_session=2, shown=2)
    counts = run(200.0, seeds.torch_generator(1))
    expected = [scorer().counts(s, system.images(s, system.stream(s))) for s in range(NUM_SESSIONS)]
    assert np.allclose(counts[:, :6], expected)
    assert not counts[:, 6].any()
    assert counts[:, 7].tolist() == [len(system.stream(s)) for s in range(NUM_SESSIONS)]
    assert np.array_equal(run.examples[200.0], system.images(2, system.stream(2))[:2])


@pytest.mark.parametrize("name", ["aesc", "jpeg", "direct"])
def test_without_errors_is_a_clean_channel_for_every_session(name):
    system = systems()[name]
    run = Transmission(system, link(), fades(Awgn()), scorer())
    assert np.array_equal(without_errors(system, scorer(), NUM_SESSIONS), run(200.0, seeds.torch_generator(1)))


def test_counts_are_the_sums_of_the_metrics():
    counts = np.append(scorer().counts(0, SESSIONS[0]), [0, 1])
    assert METRICS["ssim"](counts) == pytest.approx(1.0)
    assert METRICS["psnr"](counts) == pytest.approx(100.0)
    assert METRICS["perceptual"](counts) == 0
    assert counts[0] == counts[1] <= counts[2] == NUM_IMAGES
    black = scorer().counts(0, np.zeros_like(SESSIONS[0]))
    x = to_tensor(SESSIONS[0])
    assert black[4] == pytest.approx(float(-10 * x.square().mean(dim=(1, 2, 3)).log10().sum()), rel=1e-5)
    assert black[5] == pytest.approx(float(x.mean(dim=(1, 2, 3)).sum()), rel=1e-5)
    assert black[0] == (LABELS[0] == 0).sum()


def test_sessions_without_errors_are_judged_once(monkeypatch):
    system, judge = systems()["direct"], scorer()
    judged = []
    monkeypatch.setattr(judge, "counts", lambda session, x: judged.append(session) or Scorer.counts(judge, session, x))
    run = Transmission(system, link(), fades(Awgn()), judge)
    first = run(20.0, seeds.torch_generator(1))
    assert np.array_equal(run(21.0, seeds.torch_generator(2)), first)
    assert judged == [0, 1, 2]
    noisy = run(-5.0, seeds.torch_generator(2))
    assert judged == [0, 1, 2, 0, 1, 2]
    assert METRICS["psnr"](noisy.sum(axis=0)) < METRICS["psnr"](first.sum(axis=0))


def test_all_systems_meet_the_same_fades_and_the_same_noise():
    """Uncoded, the error rates of two systems' sessions differ only by what their bits and lengths make of one noise."""
    rates = {}
    for name in ("direct", "aesc"):
        run = Transmission(systems()[name], link(Uncoded(2)), fades(Rayleigh()), scorer())
        counts = run(6.0, seeds.torch_generator(9))
        rates[name] = counts[:, 6] / counts[:, 7]
    assert np.allclose(rates["direct"], rates["aesc"], rtol=0.15)
    assert rates["direct"].max() > 2 * rates["direct"].min()


@pytest.mark.parametrize("part", ["decoder", "latents"])
def test_errors_stay_in_the_part_that_they_are_put_into(part):
    system = systems()["aesc"]
    counts = damaged(system, scorer(), part, num_sessions=2)(0.5, seeds.torch_generator(4))
    size = system.rule.decoder_bits if part == "decoder" else NUM_IMAGES * system.rule.latent_bits
    assert counts.shape == (2, 8)
    assert np.all(np.abs(counts[:, 6] - size / 2) < 5 * np.sqrt(size / 4))
    none = damaged(system, scorer(), part, num_sessions=2)(0.0, seeds.torch_generator(4))
    expected = [scorer().counts(s, system.images(s, system.stream(s))) for s in range(2)]
    assert np.allclose(none[:, :6], expected)
    assert not none[:, 6].any()


def test_ruined_streams_still_give_images():
    for system in systems().values():
        stream = RNG.integers(0, 2, len(system.stream(0)), dtype=np.uint8)
        assert system.images(0, stream).shape == SESSIONS[0].shape
