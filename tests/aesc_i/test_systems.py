"""Image systems: what goes in comes out, from what arrived and nothing else; what it costs; images from any bits whatever."""

import numpy as np
import pytest
import torch

from semcom_lib import seeds
from semcom_lib.aesc_i.autoencoders import DigitAutoencoder
from semcom_lib.aesc_i.systems import AescI, DirectImages, FixedImage, JpegImages, all_systems, floor_images
from semcom_lib.coding.jpeg import Jpeg
from semcom_lib.sources.images import to_tensor, to_uint8

NUM_SESSIONS, NUM_IMAGES = 3, 4
PRECISION = {"weight_bits": 16, "latent_bits": 8, "subsampling": "4:2:2"}
RNG = np.random.default_rng(7)
SESSIONS = np.clip(RNG.normal(120, 60, (NUM_SESSIONS, NUM_IMAGES, 28, 28)), 0, 255).astype(np.uint8)


def autoencoder():
    with seeds.initialising(3, "image systems"):
        return DigitAutoencoder(6).eval()


def systems():
    return all_systems({20: autoencoder()}, {20: 60}, SESSIONS, **PRECISION)


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
    """16 bits a number leave the autoencoder's own images, fewer leave images that are nearest to those sent."""
    sessions = known_sessions(trained)
    fine, *coarse = (AescI(trained.autoencoder, *bits, sessions) for bits in ((16, 16), (8, 8), (16, 6), (7, 16)))
    for session in range(len(sessions)):
        with torch.inference_mode():
            expected = to_uint8(trained.autoencoder(to_tensor(sessions[session]))).astype(int)
        received = fine.images(session, fine.stream(session))
        assert received.dtype == np.uint8
        assert np.abs(received - expected).max() <= 1
        known = list(range(4 * session, 4 * session + 4))
        for system in coarse:
            images = system.images(session, system.stream(session))
            assert nearest(images, trained.images) == known
            assert np.abs(images - expected).max() > 1


def test_aesc_i_s_receiver_has_nothing_but_the_stream(trained):
    """Another session's stream gives the other session's images, another model's stream the other model's."""
    sessions = known_sessions(trained)
    system = AescI(trained.autoencoder, 16, 16, sessions)
    assert np.array_equal(system.images(0, system.stream(3)), system.images(3, system.stream(3)))
    with seeds.initialising(9, "another"):
        other = AescI(DigitAutoencoder(trained.autoencoder.z_dims).eval(), 16, 16, sessions)
    assert np.array_equal(other.images(0, system.stream(0)), system.images(0, system.stream(0)))
    assert not np.array_equal(other.images(0, other.stream(0)), system.images(0, system.stream(0)))


def test_errors_in_the_latents_spoil_their_own_image_only(trained):
    sessions = known_sessions(trained)
    system = AescI(trained.autoencoder, 16, 8, sessions)
    stream = system.stream(0)
    (latents,) = system.spans(0)["latents"]
    damaged = stream.copy()
    damaged[latents.start + system.rule.image_bits : latents.start + 2 * system.rule.image_bits] ^= 1
    changed = (system.images(0, damaged) != system.images(0, stream)).any(axis=(1, 2))
    assert changed.tolist() == [False, True, False, False]


def test_every_ratio_has_its_model_and_its_quality():
    with seeds.initialising(3, "image systems"):
        models = {ratio: DigitAutoencoder(z_dims) for ratio, z_dims in ((4, 12), (20, 6))}
    chosen = all_systems(models, {4: 90, 20: 10}, SESSIONS, **PRECISION)
    assert list(chosen) == [("aesc", 4), ("aesc", 20), ("jpeg", 4), ("jpeg", 20), ("direct", 1)]
    assert [chosen["aesc", ratio].model.z_dims for ratio in (4, 20)] == [12, 6]
    assert [chosen["jpeg", ratio].code.quality for ratio in (4, 20)] == [90, 10]


def test_the_subsampling_of_pictures_is_the_one_asked_for():
    pictures = RNG.integers(0, 256, (1, 2, 32, 32, 3), dtype=np.uint8)
    bits = {}
    for subsampling in ("4:2:0", "4:2:2", "4:4:4"):
        system = all_systems({}, {3: 50}, pictures, **PRECISION | {"subsampling": subsampling})["jpeg", 3]
        assert system.images(0, system.stream(0)).shape == (2, 32, 32, 3)
        assert system.code.subsampling == subsampling
        bits[subsampling] = system.bits_by_part()["image"]
    assert bits["4:2:0"] < bits["4:2:2"] < bits["4:4:4"]


def test_the_numbers_have_the_bits_asked_for():
    rule = systems()["aesc", 20].rule
    assert (rule.weight_bits, rule.latent_bits) == (16, 8)


def test_floors_are_one_image_for_all_and_cost_nothing():
    train = np.stack([np.full((28, 28), level, np.uint8) for level in (0, 255, 255)])
    floors = floor_images(train)
    assert {name: np.unique(image).tolist() for name, image in floors.items()} == {
        "mean_image": [170],
        "black_image": [0],
    }
    for name, image in floors.items():
        system = FixedImage(image, SESSIONS)
        assert system.stream(2).shape == (0,)
        received = system.images(2, system.stream(2))
        assert received.shape == SESSIONS[2].shape
        assert received.dtype == np.uint8
        assert (received == image).all(), name
        assert system.bits_by_part() == {"image": 0}
        assert system.spans(2) == {}


def test_the_parts_of_a_stream_cover_it():
    parts = {"aesc": {"decoder", "latents"}, "jpeg": {"scans"}, "direct": {"pixels"}}
    for (name, _), system in systems().items():
        spans = system.spans(1)
        assert set(spans) == parts[name]
        places = [place for part in spans.values() for span in part for place in range(span.start, span.stop)]
        assert sorted(places) == list(range(len(system.stream(1))))


def test_a_stream_that_was_handed_out_may_be_changed():
    for system in systems().values():
        before = system.stream(0).copy()
        system.stream(0)[:] = 1
        assert np.array_equal(system.stream(0), before)


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
