"""Sessions over a link or a BSC: errors as if each stream had been sent itself, spread or not; counts are sums."""

import numpy as np
import pytest
import torch

from semcom_lib import evaluation, seeds
from semcom_lib.aesc_i import transmission
from semcom_lib.aesc_i.scoring import METRICS, Scorer
from semcom_lib.aesc_i.systems import all_systems
from semcom_lib.aesc_i.transmission import (
    SPREADS,
    SessionErrors,
    Transmission,
    damaged,
    over_bsc,
    without_errors,
)
from semcom_lib.coding.bit_stream import BitStream
from semcom_lib.coding.ldpc import Ldpc5G
from semcom_lib.physical_layer import theory
from semcom_lib.physical_layer.channels import snr_to_n0
from semcom_lib.physical_layer.fading import Awgn, Rayleigh, Received, child_generators, transmit
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
    judges = {"recognition_ratio": trained.judge, "recognition_ratio_m": trained.classifier}
    return Scorer(judges, distance, sessions_of(trained), trained.labels.reshape(NUM_SESSIONS, NUM_IMAGES))


@pytest.fixture
def systems(trained):
    precision = {"weight_bits": 8, "latent_bits": 8, "subsampling": "4:2:2"}
    return all_systems({49: trained.autoencoder}, {49: 60}, sessions_of(trained), **precision)


def coded():
    return Link(BitStream(), Ldpc5G(512, 1024, 20, 2, "layered"), Modulation("qpsk"))


def uncoded(k=2):
    return Link(BitStream(), Uncoded(k), Modulation("qpsk"))


def fades(law, count=NUM_SESSIONS):
    return session_fades(law, count, generator=seeds.torch_generator(3, "fades"))


def errors(link, law=None, num_bits=51_200, count=NUM_SESSIONS):
    return SessionErrors(link, fades(law or Awgn(), count), num_bits)


def generator(*purpose):
    return seeds.torch_generator(1, *purpose)


def unpacked(patterns):
    return [np.unpackbits(pattern) for pattern in patterns]


def equal(counts, others):
    assert list(counts) == list(others)
    for name, count in counts.items():
        np.testing.assert_allclose(count, others[name], rtol=1e-6, err_msg=name)
    return True


def sums(counts):
    return {name: count.sum() for name, count in counts.items()}


def seen_by(system):
    """The streams that the system's receiver is given, by session."""
    seen, original = {}, system.images
    system.images = lambda session, stream: seen.update({session: stream}) or original(session, stream)
    return seen


# What stands behind the channel decoder


@pytest.mark.parametrize(("link", "snr_db"), [(coded(), 0.7), (uncoded(), 3.0)], ids=["coded", "uncoded"])
@pytest.mark.parametrize("law", [Awgn(), TappedDelayLine(3, 0.5, 48)], ids=["awgn", "delay_line"])
@pytest.mark.parametrize("key", KEYS, ids=lambda key: key[0])
def test_a_stream_errs_as_the_all_zero_one_does(systems, monkeypatch, link, snr_db, law, key):
    """The stream itself over the same link and fade: noise that is turned with the symbols makes the same bits wrong."""
    monkeypatch.setattr(transmission, "BLOCKS_AT_ONCE", 2**20)  # the whole session in one piece, as Link sends it
    stream = systems[key].stream(0)
    (pattern,) = unpacked(errors(link, law, len(stream), 1).at(snr_db, generator()))
    (fade,), n0 = fades(law, 1), snr_to_n0(snr_db)
    (session,) = child_generators(generator(), 1)
    (piece,) = child_generators(session, 1)
    num_bits = link.count_blocks(len(stream)) * link.info_bits
    zeros, frame = (link.encode([bits]) for bits in (np.zeros(num_bits, np.uint8), stream))
    of_zeros = transmit(zeros.x, torch.from_numpy(zeros.channel_uses), fade, n0, generator=piece)
    x, x_zero, x_hat = (torch.view_as_real(part.contiguous()) for part in (frame.x, zeros.x, of_zeros.x_hat))
    turned = torch.view_as_complex((x_hat * x.sign() * x_zero.sign()).contiguous())
    (arrived,) = link.decode(frame, Received(turned, of_zeros.n0_hat)).items_hat
    wrong = arrived[: len(stream)] != stream
    assert np.array_equal(wrong, pattern[: len(stream)])
    assert 0.002 < wrong.mean() < 0.4
    assert 0.05 < stream.mean() < 0.7


def test_error_rates_are_those_of_the_links_own_transmissions(systems):
    """Actual streams, sent as they are: as many bits and blocks fail, within four deviations of the blocks' number."""
    link, snr_db = coded(), 0.8
    stream = systems["direct", 1].stream(0)[:25_088]  # 49 blocks
    sent = link.send([stream] * 20, Awgn(), snr_to_n0(snr_db), generator=generator("link"))
    drawn = np.stack(unpacked(errors(link, num_bits=25_088, count=20).at(snr_db, generator("errors"))))
    failed = drawn.reshape(-1, 512).any(axis=1).mean()
    deviation = np.sqrt(2 * failed * (1 - failed) / (20 * 49))
    assert 0.2 < failed < 0.8
    assert abs(failed - sent.block_error_rate) < 4 * deviation
    assert drawn.mean() == pytest.approx(sent.bit_error_rate, rel=0.25)


@pytest.mark.parametrize("law", [Awgn(), TappedDelayLine(3, 0.5, 48)], ids=["awgn", "delay_line"])
def test_a_shorter_stream_meets_the_first_errors_of_a_longer_one(monkeypatch, law):
    monkeypatch.setattr(transmission, "BLOCKS_AT_ONCE", 8)
    long, short = (errors(coded(), law, num_bits, 2).at(0.5, generator()) for num_bits in (20_000, 9_000))
    for more, fewer in zip(unpacked(long), unpacked(short), strict=True):
        assert len(fewer) == 18 * 512
        assert np.array_equal(more[: len(fewer)], fewer)
        assert 0.01 < fewer.mean() < 0.4


def test_pieces_of_a_session_meet_its_one_fade_where_they_lie(monkeypatch):
    """Two subcarriers, one of them dead, and pieces of an odd number of symbols: every other pair of bits errs, all along."""
    monkeypatch.setattr(transmission, "BLOCKS_AT_ONCE", 5)
    fade = SessionFade(torch.tensor([1.0, 1e-6], dtype=torch.complex64))
    (pattern,) = unpacked(SessionErrors(uncoded(), [fade], 2000).at(20.0, generator()))
    on, off = pattern.reshape(-1, 2)[::2], pattern.reshape(-1, 2)[1::2]
    assert not on.any()
    assert off.mean() == pytest.approx(0.5, abs=0.08)
    pieces = pattern.reshape(-1, 20)
    assert len(np.unique(pieces, axis=0)) > 85


def test_a_session_meets_its_own_fade():
    """Uncoded QPSK at the SNR times |h|^2 of the session: the closed form, each session's within four deviations."""
    powers = np.array([2.0, 0.1, 1.0, 0.4, 4.0])
    own = [SessionFade(torch.tensor([1j * power**0.5])) for power in powers]
    patterns = unpacked(SessionErrors(uncoded(), own, 40_000).at(3.0, generator()))
    ber = theory.ber_awgn("qpsk", 3.0 + 10 * np.log10(powers))
    wrong = np.array([pattern.sum() for pattern in patterns])
    assert np.all(np.abs(wrong - 40_000 * ber) < 4 * np.sqrt(40_000 * ber * (1 - ber)))


def test_errors_differ_between_sessions_and_draws_and_are_the_same_for_equal_seeds():
    drawn = errors(coded())
    first = unpacked(drawn.at(0.5, generator()))
    other = unpacked(drawn.at(0.5, generator("other")))
    again = unpacked(drawn.at(0.5, generator()))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert len({pattern.tobytes() for pattern in first}) == NUM_SESSIONS


def called(monkeypatch, method):
    """A list that grows by one whenever the method of any link is called."""
    calls, called = [], getattr(Link, method)
    monkeypatch.setattr(Link, method, lambda self, *args: calls.append(1) or called(self, *args))
    return calls


def test_errors_are_drawn_once_an_snr_whoever_asks(systems, scorer, monkeypatch):
    decoded, coded_streams = called(monkeypatch, "decode"), called(monkeypatch, "encode")
    drawn = errors(coded(), count=2)
    runs = {
        (spread, *key): Transmission(systems[key], drawn, scorer, spread=spread) for spread in SPREADS for key in KEYS
    }
    keys = ("spread", "system", "ratio")
    evaluation.sweep(runs, [0.5, 1.0, 2.0], METRICS, keys=keys, seed=1, stage="tests")
    assert len(decoded) == 3 * 2
    assert len(coded_streams) == 1  # the all-zero stream, for all sessions and SNRs


def test_links_whose_errors_depend_on_what_is_sent_are_refused():
    for name in ("16qam", "64qam"):
        with pytest.raises(ValueError, match=rf"modulation {name} is not symmetric; it must be bpsk or qpsk"):
            errors(Link(BitStream(), Uncoded(12), Modulation(name)))


# Systems over the link


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("key", KEYS, ids=lambda key: key[0])
@pytest.mark.parametrize("law", [Rayleigh(), TappedDelayLine(3, 0.5, 16)])
def test_a_clean_channel_delivers_every_session(systems, scorer, key, law, spread):
    system = systems[key]
    run = Transmission(system, errors(coded(), law), scorer, spread=spread)
    counts = run(CLEAN_DB, generator())
    for session in range(NUM_SESSIONS):
        stream = system.stream(session)
        expected = scorer.counts(session, system.images(session, stream)) | {"bit_errors": 0, "bits": len(stream)}
        assert {name: count[session] for name, count in counts.items()} == pytest.approx(expected)
    assert METRICS["recognition_ratio"](sums(counts)) >= 0.9
    assert equal(without_errors(system, scorer, NUM_SESSIONS), counts)
    assert np.array_equal(run.received(2, CLEAN_DB, generator()), system.images(2, system.stream(2)))


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key[0])
def test_a_channel_that_carries_nothing_leaves_nothing_to_recognise(systems, scorer, key):
    """Half the bits wrong, and of the 20 images hardly more recognised than one in ten."""
    counts = sums(Transmission(systems[key], errors(uncoded()), scorer)(-40.0, generator()))
    assert METRICS["bit_error_rate"](counts) == pytest.approx(0.5, abs=0.02)
    assert counts["sent_recognition_ratio"] == NUM_SESSIONS * NUM_IMAGES
    assert counts["recognised_recognition_ratio"] <= 5
    clean = sums(without_errors(systems[key], scorer, NUM_SESSIONS))
    assert METRICS["ssim"](counts) < 0.3 < METRICS["ssim"](clean)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key[0])
def test_in_blocks_the_errors_are_the_session_s_first_ones_and_spread_they_are_moved(systems, scorer, key):
    """What the receiver is given, both ways: as many wrong bits as are counted; runs of failed blocks, or all over."""
    system = systems[key]
    drawn = errors(coded(), Awgn())
    patterns = unpacked(drawn.at(1.0, generator()))
    streams = [system.stream(session) for session in range(NUM_SESSIONS)]
    wrong, counts = {}, {}
    for spread in SPREADS:
        seen = seen_by(system)
        counts[spread] = Transmission(system, drawn, scorer, spread=spread)(1.0, generator())
        wrong[spread] = [seen.get(session, stream) != stream for session, stream in enumerate(streams)]
        assert counts[spread]["bit_errors"].tolist() == [int(each.sum()) for each in wrong[spread]]
        assert counts[spread]["bits"].tolist() == [len(stream) for stream in streams]
    assert counts["blocks"]["bit_errors"].tolist() == counts["session"]["bit_errors"].tolist()
    for pattern, as_they_are, moved in zip(patterns, *wrong.values(), strict=True):
        assert np.array_equal(as_they_are, pattern[: len(as_they_are)])
        assert not np.array_equal(as_they_are, moved)
    as_they_are, moved = (np.concatenate([each[: len(each) // 64 * 64] for each in wrong[s]]) for s in SPREADS)
    free = [(bits.reshape(-1, 64).sum(axis=1) == 0).mean() for bits in (as_they_are, moved)]
    assert free[0] > free[1] + 0.1  # where blocks stay whole, so do stretches of the stream


def test_spread_bits_err_as_often_wherever_they_lie(systems, scorer):
    """Only the first quarter of the pattern errs: so does, spread, a quarter of each quarter of the stream."""
    system = systems["direct", 1]
    size = len(system.stream(0))
    pattern = np.packbits(np.arange(size) < size // 4)

    class First:
        def at(self, snr_db, generator):
            return [pattern]

    seen = seen_by(system)
    Transmission(system, First(), scorer, spread="session")(0.0, generator())
    wrong = seen[0] != system.stream(0)
    assert wrong.sum() == size // 4
    shares = wrong.reshape(4, -1).mean(axis=1)
    assert np.abs(shares - 0.25).max() < 4 * np.sqrt(0.25 * 0.75 / (size / 4))


def test_all_systems_meet_the_same_errors(systems, scorer):
    drawn = errors(coded(), Rayleigh())
    streams = {}
    for key in KEYS:
        streams[key] = seen_by(systems[key])
        Transmission(systems[key], drawn, scorer)(2.0, generator())
    for session in range(NUM_SESSIONS):
        sent = {key: systems[key].stream(session) for key in KEYS}
        wrong = [streams[key].get(session, sent[key]) != sent[key] for key in KEYS]
        shortest = min(map(len, wrong))
        assert np.array_equal(wrong[0][:shortest], wrong[1][:shortest])
        assert np.array_equal(wrong[0][:shortest], wrong[2][:shortest])
    assert streams["direct", 1]


def test_counts_are_kept_by_snr(systems, scorer):
    run = Transmission(systems["jpeg", 49], errors(coded()), scorer, spread="session")
    table = {snr_db: run(snr_db, generator(snr_db)) for snr_db in (0.5, 20.0)}
    assert list(run.counts) == [0.5, 20.0]
    assert all(equal(run.counts[snr_db], counts) for snr_db, counts in table.items())
    assert table[0.5]["bit_errors"].sum() > 0 == table[20.0]["bit_errors"].sum()


def test_what_cannot_be_sent_is_refused(systems, scorer):
    with pytest.raises(ValueError, match="spread = 'image' must be one of blocks, session"):
        Transmission(systems["jpeg", 49], errors(coded()), scorer, spread="image")
    with pytest.raises(ValueError, match=r"a stream of 25088 bits; errors were drawn for 10240"):
        Transmission(systems["direct", 1], errors(coded(), num_bits=10_000), scorer)(0.0, generator())


# Over a binary symmetric channel


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key[0])
def test_over_a_bsc_the_given_share_of_all_bits_errs(systems, scorer, key):
    system = systems[key]
    seen = seen_by(system)
    run = over_bsc(system, scorer, NUM_SESSIONS)
    counts = run(0.02, generator())
    sizes = np.array([len(system.stream(session)) for session in range(NUM_SESSIONS)])
    assert counts["bits"].tolist() == sizes.tolist()
    assert np.all(np.abs(counts["bit_errors"] - 0.02 * sizes) < 4 * np.sqrt(0.02 * 0.98 * sizes))
    for session, stream in seen.items():
        assert int((stream != system.stream(session)).sum()) == counts["bit_errors"][session]
    assert len(seen) == NUM_SESSIONS
    assert equal(run(0.0, generator()), without_errors(system, scorer, NUM_SESSIONS))
    assert equal(run(0.02, generator()), counts)
    assert run(1.0, generator())["bit_errors"].tolist() == sizes.tolist()


PARTS = [("aesc", "decoder"), ("aesc", "latents"), ("jpeg", "scans")]


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_errors_stay_in_the_part_that_they_are_put_into(systems, scorer, name, part):
    """All bits of the part and no other pass the channel: at a rate of 1 each arrives inverted, and the rate is the part's."""
    system = systems[name, 49]
    seen = seen_by(system)
    counts = damaged(system, scorer, part, 2)(1.0, generator())
    assert METRICS["bit_error_rate"](sums(counts)) == 1
    for session, stream in seen.items():
        expected = np.zeros(len(stream), bool)
        for span in system.spans(session)[part]:
            expected[span] = True
        assert np.array_equal(stream != system.stream(session), expected)
        assert counts["bits"][session] == counts["bit_errors"][session] == expected.sum()
    assert len(seen) == 2


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_the_bit_error_rate_is_that_of_the_damaged_part(systems, scorer, name, part):
    system = systems[name, 49]
    run = damaged(system, scorer, part, NUM_SESSIONS)
    counts = run(0.1, generator())
    size = counts["bits"].sum()
    sizes = {
        "decoder": NUM_SESSIONS * systems["aesc", 49].rule.decoder_bits,
        "latents": NUM_SESSIONS * NUM_IMAGES * systems["aesc", 49].rule.image_bits,
        "scans": sum(len(systems["jpeg", 49].stream(session)) for session in range(NUM_SESSIONS)),
    }
    assert size == sizes[part]
    assert abs(METRICS["bit_error_rate"](sums(counts)) - 0.1) < 4 * np.sqrt(0.1 * 0.9 / size)
    clean = {name: count for name, count in without_errors(system, scorer, NUM_SESSIONS).items() if name != "bits"}
    assert equal({name: count for name, count in run(0.0, generator()).items() if name != "bits"}, clean)


def test_a_sweep_has_a_row_for_every_system_ratio_and_metric(systems, scorer):
    drawn = errors(coded(), count=2)
    runs = {key: Transmission(system, drawn, scorer) for key, system in systems.items()}
    table = evaluation.sweep(runs, [20.0], METRICS, keys=("system", "ratio"), seed=1, stage="test").table
    assert list(zip(table.system, table.ratio, strict=True))[:: len(METRICS)] == KEYS
    assert table.metric.tolist() == [*METRICS] * 3
    assert table.trials.tolist() == [2] * 3 * len(METRICS)
    assert (table[table.metric == "bit_error_rate"].value == 0).all()
