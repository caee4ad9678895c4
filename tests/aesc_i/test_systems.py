"""Image systems: what goes in comes out, from what arrived and nothing else; what it costs; images from any bits whatever."""

import numpy as np
import pytest
import torch

from semcom_lib import seeds
from semcom_lib.aesc_i.autoencoders import DigitAutoencoder
from semcom_lib.aesc_i.systems import AescI, DirectImages, JpegImages, all_systems
from semcom_lib.coding.jpeg import Jpeg
from semcom_lib.sources.images import to_tensor, to_uint8

NUM_SESSIONS, NUM_IMAGES = 3, 4
RNG = np.random.default_rng(7)
SESSIONS = np.clip(RNG.normal(120, 60, (NUM_SESSIONS, NUM_IMAGES, 28, 28)), 0, 255).astype(np.uint8)


def autoencoder():
    with seeds.initialising(3, "image systems"):
        return DigitAutoencoder(6).eval()


def systems():
    return all_systems({20: autoencoder()}, {20: 60}, 8, SESSIONS)


def known_sessions(trained):
    return trained.images.reshape(5, 4, 28, 28)


def nearest(received, images):
    """The index of the image that each received one is most like."""
    return torch.cdist(to_tensor(received).flatten(1), to_tensor(images).flatten(1)).argmin(dim=1).tolist()


def test_direct_transmission_is_exact():
    system = DirectImages(SESSIONS)
    for session in range(NUM_SESSIONS):
        assert np.array_equal(system.images(session, system.stream(session)), SESSIONS[session])


def test_jpegs_are_those_of_the_code_each_image_of_its_own_scan():
    code = Jpeg(60, (28, 28))
    system = JpegImages(code, SESSIONS)
    scans = [code.encode(image) for image in SESSIONS[1]]
    stream = system.stream(1)
    assert np.array_equal(stream, np.concatenate(scans))
    assert np.array_equal(system.images(1, stream), np.stack([code.decode(scan) for scan in scans]))
    damaged = stream.copy()
    damaged[len(scans[0]) : len(scans[0]) + len(scans[1])] = RNG.integers(0, 2, len(scans[1]))
    changed = (system.images(1, damaged) != system.images(1, stream)).any(axis=(1, 2))
    assert changed.tolist() == [False, True, False, False]


def test_aesc_i_gives_what_its_autoencoder_gives_but_for_the_quantisation(trained):
    """16 bits a number leave the autoencoder's own images, 8 bits leave images that are nearest to those sent."""
    sessions = known_sessions(trained)
    fine, coarse = (AescI(trained.autoencoder, bits, sessions) for bits in (16, 8))
    for session in range(len(sessions)):
        with torch.inference_mode():
            expected = to_uint8(trained.autoencoder(to_tensor(sessions[session]))).astype(int)
        received = fine.images(session, fine.stream(session))
        assert received.dtype == np.uint8
        assert np.abs(received - expected).max() <= 1
        known = list(range(4 * session, 4 * session + 4))
        assert nearest(coarse.images(session, coarse.stream(session)), trained.images) == known


def test_aesc_i_s_receiver_has_nothing_but_the_stream(trained):
    """Another session's stream gives the other session's images, another model's stream the other model's."""
    sessions = known_sessions(trained)
    system = AescI(trained.autoencoder, 16, sessions)
    assert np.array_equal(system.images(0, system.stream(3)), system.images(3, system.stream(3)))
    with seeds.initialising(9, "another"):
        other = AescI(DigitAutoencoder(trained.autoencoder.z_dims).eval(), 16, sessions)
    assert np.array_equal(other.images(0, system.stream(0)), system.images(0, system.stream(0)))
    assert not np.array_equal(other.images(0, other.stream(0)), system.images(0, system.stream(0)))


def test_errors_in_the_latents_spoil_their_own_image_only(trained):
    sessions = known_sessions(trained)
    system = AescI(trained.autoencoder, 8, sessions)
    stream = system.stream(0)
    (latents,) = system.rule.spans(4)["latents"]
    damaged = stream.copy()
    damaged[latents.start + system.rule.latent_bits : latents.start + 2 * system.rule.latent_bits] ^= 1
    changed = (system.images(0, damaged) != system.images(0, stream)).any(axis=(1, 2))
    assert changed.tolist() == [False, True, False, False]


def test_every_ratio_has_its_model_and_its_quality():
    with seeds.initialising(3, "image systems"):
        models = {ratio: DigitAutoencoder(z_dims) for ratio, z_dims in ((4, 12), (20, 6))}
    chosen = all_systems(models, {4: 90, 20: 10}, 8, SESSIONS)
    assert list(chosen) == [("aesc", 4), ("aesc", 20), ("jpeg", 4), ("jpeg", 20), ("direct", 1)]
    assert [chosen["aesc", ratio].model.z_dims for ratio in (4, 20)] == [12, 6]
    assert [chosen["jpeg", ratio].code.quality for ratio in (4, 20)] == [90, 10]
    coloured = all_systems({}, {3: 50}, 8, np.zeros((1, 2, 32, 32, 3), np.uint8))
    assert coloured["jpeg", 3].images(0, coloured["jpeg", 3].stream(0)).shape == (2, 32, 32, 3)


def test_costs_are_the_streams_bits():
    """All sessions' streams: the images' bits, and with AESC-I the decoder's once a session."""
    for name, system in systems().items():
        costs = system.bits_by_part()
        total = sum(len(system.stream(session)) for session in range(NUM_SESSIONS))
        assert NUM_SESSIONS * (NUM_IMAGES * costs["image"] + costs.get("decoder", 0)) == pytest.approx(total)
        assert set(costs) == ({"image", "decoder"} if name[0] == "aesc" else {"image"})
    assert systems()["direct", 1].bits_by_part()["image"] == 8 * 28 * 28
    assert systems()["aesc", 20].bits_by_part()["image"] == 8 * 6


def test_ruined_streams_still_give_images():
    for system in systems().values():
        stream = RNG.integers(0, 2, len(system.stream(0)), dtype=np.uint8)
        assert system.images(0, stream).shape == SESSIONS[0].shape
