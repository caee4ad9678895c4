"""Sessions of images over a link: all that is sent arrives, counts are sums, equal fades and noise for all systems."""

import numpy as np
import pytest
import torch

from semcom_lib import evaluation, seeds
from semcom_lib.aesc_i.scoring import METRICS, Scorer
from semcom_lib.aesc_i.systems import all_systems
from semcom_lib.aesc_i.transmission import Transmission, damaged, without_errors
from semcom_lib.coding.bit_stream import BitStream
from semcom_lib.coding.ldpc import Ldpc5G
from semcom_lib.physical_layer import theory
from semcom_lib.physical_layer.fading import Awgn, Rayleigh
from semcom_lib.physical_layer.link import Link, Uncoded
from semcom_lib.physical_layer.modulation import Modulation
from semcom_lib.physical_layer.multipath import SessionFade, TappedDelayLine, session_fades

NUM_SESSIONS, NUM_IMAGES = 5, 4
KEYS = [("aesc", 49), ("jpeg", 49), ("direct", 1)]
CLEAN_DB = 200.0


def distance(x, x_hat):
    return (x - x_hat).abs().mean(dim=(1, 2, 3))


def sessions_of(trained):
    return trained.images.reshape(NUM_SESSIONS, NUM_IMAGES, 28, 28)


@pytest.fixture
def scorer(trained):
    return Scorer(trained.classifier, distance, sessions_of(trained), trained.labels.reshape(NUM_SESSIONS, NUM_IMAGES))


@pytest.fixture
def systems(trained):
    return all_systems({49: trained.autoencoder}, {49: 60}, 8, sessions_of(trained))


def link(code=None):
    return Link(BitStream(), code or Ldpc5G(512, 1024, 20, 2, "layered"), Modulation("qpsk"))


def fades(law, count=NUM_SESSIONS):
    return session_fades(law, count, generator=seeds.torch_generator(3, "fades"))


def generator(*purpose):
    return seeds.torch_generator(1, *purpose)


def equal(counts, others):
    assert list(counts) == list(others)
    for name, count in counts.items():
        np.testing.assert_allclose(count, others[name], rtol=1e-6, err_msg=name)
    return True


def sums(counts):
    return {name: count.sum() for name, count in counts.items()}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("law", [Awgn(), Rayleigh(), TappedDelayLine(3, 0.5, 16)])
def test_a_clean_channel_delivers_every_session(systems, scorer, key, law):
    system = systems[key]
    run = Transmission(system, link(), fades(law), scorer, shown_session=2, shown=3)
    counts = run(CLEAN_DB, generator())
    for session in range(NUM_SESSIONS):
        stream = system.stream(session)
        expected = scorer.counts(session, system.images(session, stream)) | {"bit_errors": 0, "bits": len(stream)}
        assert {name: count[session] for name, count in counts.items()} == pytest.approx(expected)
    assert np.array_equal(run.examples[CLEAN_DB], system.images(2, system.stream(2))[:3])
    assert METRICS["recognition_ratio"](sums(counts)) >= 0.9


@pytest.mark.parametrize("key", KEYS)
def test_without_errors_is_a_clean_channel_for_every_session(systems, scorer, key):
    run = Transmission(systems[key], link(), fades(Awgn()), scorer)
    assert equal(without_errors(systems[key], scorer, NUM_SESSIONS), run(CLEAN_DB, generator()))


@pytest.mark.parametrize("key", KEYS)
def test_a_channel_that_carries_nothing_leaves_nothing_to_recognise(systems, scorer, key):
    """Half the bits wrong, and of the 20 images hardly more recognised than one in ten."""
    counts = sums(Transmission(systems[key], link(Uncoded(2)), fades(Awgn()), scorer)(-40.0, generator()))
    assert METRICS["bit_error_rate"](counts) == pytest.approx(0.5, abs=0.02)
    assert counts["recognised_sent"] == NUM_SESSIONS * NUM_IMAGES
    assert counts["recognised"] <= 5
    clean = sums(without_errors(systems[key], scorer, NUM_SESSIONS))
    assert METRICS["ssim"](counts) < 0.3 < METRICS["ssim"](clean)


@pytest.mark.parametrize("key", KEYS)
def test_bit_errors_are_those_behind_the_channel_decoder(systems, scorer, key):
    """What is scored has as many wrong bits as are counted."""
    system, seen = systems[key], {}
    original = system.images
    system.images = lambda session, stream: seen.update({session: stream}) or original(session, stream)
    counts = Transmission(system, link(Uncoded(2)), fades(Rayleigh()), scorer)(3.0, generator())
    wrong = [int((seen[session] != system.stream(session)).sum()) for session in range(NUM_SESSIONS)]
    assert counts["bit_errors"].tolist() == wrong
    assert min(wrong) > 0


def test_sessions_without_errors_are_judged_once(systems, scorer, monkeypatch):
    judged, count = [], scorer.counts
    monkeypatch.setattr(scorer, "counts", lambda session, x: judged.append(session) or count(session, x))
    run = Transmission(systems["direct", 1], link(), fades(Awgn()), scorer)
    first = run(20.0, generator())
    assert equal(run(21.0, generator("again")), first)
    assert judged == list(range(NUM_SESSIONS))
    noisy = run(-5.0, generator())
    assert judged == [*range(NUM_SESSIONS)] * 2
    assert METRICS["psnr"](sums(noisy)) < METRICS["psnr"](sums(first))
    assert equal(run(20.0, generator()), first)


def test_all_systems_meet_the_same_fades_and_the_same_noise(systems, scorer):
    """Uncoded, the error rates of two systems' sessions differ only by what their bits and lengths make of one noise."""
    rates = {}
    for key in (("direct", 1), ("aesc", 49)):
        counts = Transmission(systems[key], link(Uncoded(2)), fades(Rayleigh()), scorer)(6.0, generator())
        rates[key] = counts["bit_errors"] / counts["bits"]
    assert np.allclose(*rates.values(), rtol=0.15)
    assert rates["direct", 1].max() > 2 * rates["direct", 1].min()


def test_a_session_meets_its_own_fade(systems, scorer):
    """Uncoded QPSK at the SNR times |h|^2 of the session: the closed form, each session's within four deviations."""
    powers = np.array([2.0, 0.1, 1.0, 0.4, 4.0])
    own = [SessionFade(torch.tensor([1j * power**0.5])) for power in powers]
    counts = Transmission(systems["direct", 1], link(Uncoded(2)), own, scorer)(3.0, generator())
    ber = theory.ber_awgn("qpsk", 3.0 + 10 * np.log10(powers))
    deviation = np.sqrt(counts["bits"] * ber * (1 - ber))
    assert np.all(np.abs(counts["bit_errors"] - counts["bits"] * ber) < 4 * deviation)


def test_noise_differs_between_sessions_and_draws_and_is_the_same_for_equal_seeds(systems, scorer):
    run = Transmission(systems["direct", 1], link(Uncoded(2)), fades(Awgn()), scorer)
    first, again, other = (run(3.0, generator(*purpose)) for purpose in ((), (), ("other",)))
    assert equal(first, again)
    assert first["bit_errors"].tolist() != other["bit_errors"].tolist()
    assert len(set(first["bit_errors"].tolist())) > 1


@pytest.mark.parametrize("part", ["decoder", "latents"])
def test_errors_stay_in_the_part_that_they_are_put_into(systems, scorer, part):
    system = systems["aesc", 49]
    run = damaged(system, scorer, part, num_sessions=2)
    counts = run(0.5, generator())
    size = system.rule.decoder_bits if part == "decoder" else NUM_IMAGES * system.rule.latent_bits
    assert np.all(np.abs(counts["bit_errors"] - size / 2) < 5 * np.sqrt(size / 4))
    assert METRICS["recognition_ratio"](sums(counts)) < 0.6
    assert equal(run(0.0, generator()), without_errors(system, scorer, 2))


@pytest.mark.parametrize("part", ["decoder", "latents"])
def test_all_bits_of_the_part_pass_the_channel_and_are_what_the_images_are_made_of(systems, scorer, part):
    """At a bit error rate of 1 every one of them arrives inverted, all copies of the ranges too, and no other."""
    system = systems["aesc", 49]
    seen, original = {}, system.images
    system.images = lambda session, stream: seen.update({session: stream}) or original(session, stream)
    counts = damaged(system, scorer, part, num_sessions=2)(1.0, generator())
    size = system.rule.decoder_bits if part == "decoder" else NUM_IMAGES * system.rule.latent_bits
    assert counts["bit_errors"].tolist() == [size, size]
    (latents,) = system.rule.spans(NUM_IMAGES)["latents"]
    for session, stream in seen.items():
        wrong = stream != system.stream(session)
        assert int(wrong.sum()) == size
        assert bool(wrong[latents].all()) == (part == "latents")


def test_a_sweep_has_a_row_for_every_system_ratio_and_metric(systems, scorer):
    runs = {key: Transmission(system, link(), fades(Awgn(), 2), scorer) for key, system in systems.items()}
    table = evaluation.sweep(runs, [20.0], METRICS, keys=("system", "ratio"), seed=1, stage="test").table
    assert list(zip(table.system, table.ratio, strict=True))[:: len(METRICS)] == KEYS
    assert table.metric.tolist() == [*METRICS] * 3
    assert table.trials.tolist() == [2] * 15
    assert (table[table.metric == "bit_error_rate"].value == 0).all()
