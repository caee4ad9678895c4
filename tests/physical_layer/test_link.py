"""The laws of the chain: what is counted, which gain each symbol meets, error rates against closed forms."""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from semcom_lib import seeds
from semcom_lib.coding.crc import Crc
from semcom_lib.coding.hevc import HevcIntra
from semcom_lib.coding.huffman import Huffman
from semcom_lib.coding.interleaver import BlockInterleaver, RandomInterleaver
from semcom_lib.coding.jpeg import Jpeg
from semcom_lib.coding.ldpc import Ldpc5G
from semcom_lib.coding.pcm import ALaw, UniformPcm
from semcom_lib.coding.reed_solomon import ReedSolomon
from semcom_lib.coding.turbo import TurboCode
from semcom_lib.coding.utf8 import Utf8
from semcom_lib.physical_layer import channels, theory
from semcom_lib.physical_layer.amc import AMC_TABLE, select_mcs
from semcom_lib.physical_layer.csi import Csi
from semcom_lib.physical_layer.fading import Awgn, Rayleigh, Rician
from semcom_lib.physical_layer.link import Link, LinkResult, Uncoded, link_for_mcs
from semcom_lib.physical_layer.modulation import LLR_METHODS, NUM_BITS_PER_SYMBOL, Modulation

SENTENCES = ["the vote will take place tomorrow", "i declare the session resumed", "thank you", "", "naïve café 安全"]
RS = ReedSolomon(7, 5, 3)
CODES = {"uncoded": Uncoded(24), "rs": RS, "turbo": TurboCode(64, "1/2"), "ldpc": Ldpc5G(40, 80)}
ITEM_COUNTS = ("source_bits", "num_blocks", "coded_bits", "channel_uses", "bit_errors", "block_errors")


@dataclass(frozen=True)
class RawBits:
    """Bits as their own source code."""

    def encode(self, bits: np.ndarray) -> np.ndarray:
        return bits

    def decode(self, bits: np.ndarray) -> np.ndarray:
        return bits.copy()


@dataclass
class KnownGain:
    """A channel with the gains it is given, which notes what it is asked for."""

    h: torch.Tensor
    block_length: int | None = None
    asked: tuple[int, int] | None = None

    def gain(self, batch, num_blocks=1, *, generator):
        self.asked = (batch, num_blocks)
        return self.h


class LlrRecorder(Uncoded):
    """No code, but the LLRs that reach it are kept."""

    def decode(self, llr):
        object.__setattr__(self, "llr", llr)
        return super().decode(llr)


def generator(*purpose):
    return seeds.torch_generator(2, "test link", *purpose)


def send(link, items, channel=None, n0=0.0, purpose="send", **settings) -> LinkResult:
    return link.send(items, channel or Awgn(), n0, generator=generator(purpose), **settings)


def random_bits(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 2, shape, dtype=np.uint8)


def tone(num_samples=512):
    return (0.5 * np.sin(0.1 * np.arange(num_samples))).astype(np.float32)


def picture(*shape):
    return (np.indices(shape).sum(axis=0) * 255 // sum(shape)).astype(np.uint8)


def mean_within(samples, expected, sigmas=4.5):
    """Is the sample mean within so many standard errors of the expected mean?"""
    samples = np.asarray(samples, dtype=np.float64)
    return abs(samples.mean() - expected) <= sigmas * samples.std(ddof=1) / math.sqrt(len(samples))


def received(monkeypatch):
    """A list of all signals that the receiver gets, without noise and not yet equalised; gains of 1 leave them as sent."""
    signals = []

    def equalise(y, h_est):
        signals.append(y)
        return y / h_est

    monkeypatch.setattr(channels, "equalise", equalise)
    return signals


@pytest.mark.parametrize("modulation", NUM_BITS_PER_SYMBOL)
@pytest.mark.parametrize("code", CODES)
def test_without_noise_all_texts_arrive(code, modulation):
    for source in (Utf8(), Huffman.from_text(SENTENCES)):
        link = Link(source, CODES[code], Modulation(modulation))
        result = send(link, SENTENCES, Rayleigh())
        assert result.items_hat == SENTENCES
        assert result.bit_error_rate == result.block_error_rate == 0
        np.testing.assert_array_equal(result.source_bits, [len(source.encode(text)) for text in SENTENCES])


@pytest.mark.parametrize("code", CODES)
def test_without_noise_clips_and_pictures_arrive_as_their_codecs_leave_them(code):
    for source in (ALaw(), UniformPcm(16)):
        (clip_hat,) = send(Link(source, CODES[code], Modulation("64qam")), [tone()], Rician()).items_hat
        np.testing.assert_array_equal(clip_hat[:512], source.decode(source.encode(tone())))
    for source in (Jpeg(60, (28, 28)), Jpeg(90, (32, 32, 3)), HevcIntra(20, (32, 32, 3))):
        image = picture(*source.shape)
        (image_hat,) = send(Link(source, CODES[code], Modulation("64qam")), [image], Rician()).items_hat
        np.testing.assert_array_equal(image_hat, source.decode(source.encode(image)))


@settings(deadline=None, max_examples=50, derandomize=True)
@given(
    lengths=st.lists(st.integers(0, 40), max_size=6),
    k=st.integers(1, 30),
    modulation=st.sampled_from(list(NUM_BITS_PER_SYMBOL)),
    block_length=st.none() | st.integers(1, 20),
)
def test_items_are_padded_to_whole_blocks_and_whole_symbols(lengths, k, modulation, block_length):
    link = Link(RawBits(), Uncoded(k), Modulation(modulation))
    items = [random_bits(length, seed=length) for length in lengths]
    result = send(link, items, Rayleigh(block_length))
    for item, item_hat, blocks in zip(items, result.items_hat, result.num_blocks, strict=True):
        assert blocks == math.ceil(len(item) / k)
        np.testing.assert_array_equal(item_hat, np.pad(item, (0, blocks * k - len(item))))
    size = NUM_BITS_PER_SYMBOL[modulation]
    assert result.source_bits.tolist() == lengths
    assert result.coded_bits.tolist() == [k * blocks for blocks in result.num_blocks]
    assert result.channel_uses.tolist() == [math.ceil(bits / size) for bits in result.coded_bits]
    assert all(getattr(result, count).shape == (len(lengths),) for count in ITEM_COUNTS)
    assert not result.bit_errors.any()
    assert not result.block_errors.any()


@pytest.mark.parametrize(
    ("code", "modulation", "source_bits", "channel_uses"),
    [
        (RS, "64qam", 0, 0),
        (RS, "64qam", 15, 4),  # 1 block of 21 bits
        (RS, "64qam", 16, 7),  # 2 blocks of 21 bits
        (TurboCode(256, "1/3"), "16qam", 500, 390),  # 2 blocks of 3 * 256 + 12 bits
        (TurboCode(512, "1/3"), "64qam", 16_384 * 8, 256 * 258),
        (Ldpc5G(40, 80), "256qam", 41, 20),
    ],
)
def test_channel_uses_of_the_papers_schemes(code, modulation, source_bits, channel_uses):
    link = Link(RawBits(), code, Modulation(modulation))
    assert link.count_channel_uses(source_bits) == channel_uses
    assert send(link, [random_bits(source_bits)]).channel_uses.tolist() == [channel_uses]


def test_crc_takes_its_bits_out_of_each_block():
    link = Link(RawBits(), TurboCode(64, "1/2"), Modulation("bpsk"), crc=Crc("crc16"))
    assert (link.info_bits, link.count_blocks(48), link.count_blocks(49)) == (48, 1, 2)
    result = send(link, [random_bits(49)])
    np.testing.assert_array_equal(result.items_hat[0][:49], random_bits(49))
    assert len(result.items_hat[0]) == 2 * 48
    assert result.channel_uses == 2 * 140
    assert result.detected_errors.tolist() == [0]


def test_every_item_meets_one_fade(monkeypatch):
    signals = received(monkeypatch)
    link = Link(Utf8(), RS, Modulation("64qam"))
    channel = KnownGain(torch.tensor([[1 + 2j], [0.5j], [-3], [7], [0.1 - 0.2j]], dtype=torch.complex64))
    result = send(link, SENTENCES, channel)
    assert result.items_hat == SENTENCES
    assert channel.asked == (5, 1)
    send(link, SENTENCES, Awgn())
    faded, x = signals
    met = torch.from_numpy(np.repeat(channel.h[:, 0].numpy(), result.channel_uses))
    torch.testing.assert_close(faded, met * x)


def test_block_length_gives_every_item_fades_of_its_own(monkeypatch):
    signals = received(monkeypatch)
    link = Link(RawBits(), Uncoded(1), Modulation("bpsk"))
    channel = KnownGain(torch.tensor([[1, 2, 3], [4, 5, 6]], dtype=torch.complex64), block_length=2)
    send(link, [np.zeros(3, np.uint8), np.zeros(5, np.uint8)], channel)
    assert channel.asked == (2, 3)
    assert signals[0].real.tolist() == [1, 1, 2, 4, 4, 5, 5, 6]


def test_awgn_has_gain_1_and_draws_nothing():
    fresh, used = generator("awgn"), generator("awgn")
    assert torch.equal(Awgn().gain(3, 2, generator=used), torch.ones(3, 2, dtype=torch.complex64))
    assert torch.equal(torch.rand(4, generator=used), torch.rand(4, generator=fresh))


def test_equal_generators_give_equal_results():
    link = Link(Huffman.from_text(SENTENCES), TurboCode(64, "1/2"), Modulation("64qam"))
    first, second = (send(link, SENTENCES, Rayleigh(), 0.1) for _ in range(2))
    other = send(link, SENTENCES, Rayleigh(), 0.1, purpose="other")
    assert first.items_hat == second.items_hat
    for count in ITEM_COUNTS:
        np.testing.assert_array_equal(getattr(first, count), getattr(second, count))
    assert first.bit_errors.any()
    assert first.bit_errors.tolist() != other.bit_errors.tolist()


@pytest.mark.parametrize(("modulation", "snr_db"), [("bpsk", 4.0), ("qpsk", 6.0), ("16qam", 12.0), ("64qam", 17.0)])
def test_uncoded_bit_error_rate_over_awgn_is_the_closed_form(modulation, snr_db):
    link = Link(RawBits(), Uncoded(1), Modulation(modulation), method="max-log")
    result = send(link, list(random_bits(200, 1200)), n0=channels.snr_to_n0(snr_db))
    assert result.bit_error_rate == result.block_error_rate == pytest.approx(result.bit_errors.mean() / 1200)
    assert mean_within(result.bit_errors / 1200, theory.ber_awgn(modulation, snr_db))


@pytest.mark.parametrize(("modulation", "snr_db"), [("bpsk", 5.0), ("qpsk", 10.0), ("16qam", 15.0), ("64qam", 20.0)])
def test_uncoded_bit_error_rate_over_rayleigh_fading_is_the_closed_form(modulation, snr_db):
    link = Link(RawBits(), Uncoded(1), Modulation(modulation), method="max-log")
    result = send(link, list(random_bits(20_000, 12)), Rayleigh(), channels.snr_to_n0(snr_db))
    assert mean_within(result.bit_errors / 12, theory.ber_rayleigh(modulation, snr_db))


@pytest.mark.parametrize("snr_db", [0.0, 4.0])
def test_reed_solomon_block_errors_are_binomial_in_the_symbol_errors(snr_db):
    result = send(Link(RawBits(), RS, Modulation("bpsk")), list(random_bits(100, 3000)), n0=channels.snr_to_n0(snr_db))
    bit_error = theory.ber_awgn("bpsk", snr_db)
    symbol_error = 1 - (1 - bit_error) ** 3
    uncorrectable = binom.sf(1, 7, symbol_error)
    # Beyond repair, yet delivered right: both parity symbols wrong, no other, and no codeword within one symbol.
    parities = np.unpackbits(np.arange(64, dtype=np.uint8)[:, None], axis=1)[:, 2:]
    _, failed = RS.decode_with_flag(np.pad(parities, ((0, 0), (15, 0))).astype(np.float32))
    weights = parities[failed].sum(axis=1)
    delivered_right = (1 - symbol_error) ** 5 * np.sum(bit_error**weights * (1 - bit_error) ** (6 - weights))
    assert mean_within(result.block_errors / result.num_blocks, uncorrectable - delivered_right)


@pytest.mark.parametrize("mcs", AMC_TABLE, ids=lambda mcs: f"{mcs.modulation}-{mcs.code_rate}")
def test_turbo_link_of_a_scheme_loses_at_most_a_tenth_of_its_blocks_at_its_threshold(mcs):
    link = link_for_mcs(mcs, RawBits(), partial(TurboCode, 256))
    blocks = list(random_bits(100, 256))
    at_threshold = send(link, blocks, n0=channels.snr_to_n0(mcs.min_snr_db))
    assert at_threshold.block_errors.sum() <= binom.ppf(0.999, 100, 0.1)
    assert send(link, blocks, n0=channels.snr_to_n0(mcs.min_snr_db - 2)).block_error_rate > 0.5
    assert 256 / at_threshold.channel_uses[0] == pytest.approx(
        mcs.spectral_efficiency, rel=0.05
    )  # 12 tail bits a block


def test_more_snr_means_fewer_symbols_a_sentence():
    links = [link_for_mcs(select_mcs(snr_db), Utf8(), partial(TurboCode, 64)) for snr_db in (-5.0, 0.0, 9.0, 20.0)]
    uses = [link.count_channel_uses(400) for link in links]
    assert uses == sorted(uses, reverse=True)
    assert len(set(uses)) == 4


HOPELESS_SOURCES = {
    "huffman": (Huffman.from_text(SENTENCES), SENTENCES),
    "utf8": (Utf8(), SENTENCES),
    "a-law": (ALaw(), [tone(), tone(100), tone(0)]),
    "uniform pcm": (UniformPcm(16), [tone(), tone(100), tone(0)]),
    "jpeg": (Jpeg(60, (28, 28)), [picture(28, 28)] * 3),
    "hevc": (HevcIntra(20, (32, 32, 3)), [picture(32, 32, 3)] * 3),
}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("name", HOPELESS_SOURCES)
def test_hopeless_snr_gives_items_of_the_right_kind(name, code):
    source, items = HOPELESS_SOURCES[name]
    result = send(Link(source, CODES[code], Modulation("64qam")), items, Rayleigh(), channels.snr_to_n0(-20))
    assert result.block_error_rate > 0.5
    assert result.bit_error_rate == pytest.approx(0.5, abs=0.1)
    for item, item_hat, num_blocks in zip(items, result.items_hat, result.num_blocks, strict=True):
        if isinstance(item, str):
            item_hat.encode()
        elif name in ("jpeg", "hevc"):
            assert (item_hat.shape, item_hat.dtype) == (item.shape, np.uint8)
        else:
            bits_per_sample = 8 if name == "a-law" else 16
            assert len(item_hat) == num_blocks * CODES[code].k // bits_per_sample >= len(item)
            assert item_hat.dtype == np.float32
            assert np.abs(item_hat).max(initial=0) <= 1


@pytest.mark.parametrize("n0", [0.0, 1e30])
@pytest.mark.parametrize("gain", [0.0, 1e-30, 1e-15, 1e15])
@pytest.mark.parametrize("code", CODES)
def test_extreme_gains_and_noise_never_raise(code, gain, n0):
    channel = KnownGain(torch.full((len(SENTENCES), 1), gain, dtype=torch.complex64))
    for method in LLR_METHODS:
        result = send(Link(Utf8(), CODES[code], Modulation("64qam"), method=method), SENTENCES, channel, n0)
        assert all(isinstance(text, str) for text in result.items_hat)


@pytest.mark.parametrize(
    ("source", "items", "failure"),
    [
        (Utf8(), [text for text in SENTENCES if text] * 5, ""),
        (ALaw(), [tone(40)] * 20, np.zeros(40, np.float32)),
        (Jpeg(60, (28, 28)), [picture(28, 28)] * 10, np.full((28, 28), 128, np.uint8)),
    ],
)
def test_failure_stands_for_items_whose_crc_failed_and_for_no_others(source, items, failure):
    link = Link(source, TurboCode(100, "1/2"), Modulation("qpsk"), crc=Crc("crc16"), failure=failure)
    told = send(link, items, Rayleigh(), channels.snr_to_n0(6.0))
    untold = send(Link(source, link.code, link.modulation, crc=link.crc), items, Rayleigh(), channels.snr_to_n0(6.0))
    assert 0 < np.count_nonzero(told.detected_errors) < len(items)
    for i, failed in enumerate(told.detected_errors > 0):
        np.testing.assert_array_equal(told.items_hat[i], failure if failed else untold.items_hat[i])
    if isinstance(failure, np.ndarray):
        assert not any(item_hat is failure for item_hat in told.items_hat)


def test_errors_are_counted_item_by_item():
    code = TurboCode(40, "1/2")
    link = Link(RawBits(), code, Modulation("16qam"), crc=Crc("crc8"))
    items = [random_bits(length, seed=length) for length in (70, 0, 0, 1, 32, 33, 0, 200, 64, 0)]
    result = send(link, items, n0=channels.snr_to_n0(6.0))
    for i, item in enumerate(items):
        padded = np.pad(item, (0, result.num_blocks[i] * 32 - len(item)))
        wrong = result.items_hat[i] != padded
        assert result.bit_errors[i] == wrong[: len(item)].sum()
        assert result.block_errors[i] == wrong.reshape(-1, 32).any(axis=1).sum()
        assert 0 <= result.detected_errors[i] <= result.num_blocks[i]
    assert result.bit_error_rate == result.bit_errors.sum() / 400
    assert result.block_error_rate == result.block_errors.sum() / result.num_blocks.sum()
    assert 0 < result.block_errors.sum() < result.num_blocks.sum()


def test_crc_detects_the_block_errors():
    link = Link(RawBits(), TurboCode(100, "1/2"), Modulation("qpsk"), crc=Crc("crc24a"))
    result = send(link, list(random_bits(40, 500)), Rayleigh(), channels.snr_to_n0(3.0))
    assert 0.1 < result.block_error_rate < 0.9
    assert (result.detected_errors >= result.block_errors).all()
    assert (result.detected_errors - result.block_errors).sum() <= 3  # only parity bits of the CRC were wrong
    assert send(Link(RawBits(), RS, Modulation("qpsk")), [random_bits(50)], n0=1.0).detected_errors is None


class Times:
    """A refiner that multiplies, and leaves the errors as they are."""

    def __init__(self, factor):
        self.factor = factor

    def refine(self, h_rough, ls_error):
        return self.factor * h_rough

    def error_variance(self, ls_error):
        return ls_error


def test_receiver_equalises_with_the_gain_that_it_estimates():
    bits = random_bits(1, 600)
    quarter_turn = Csi("refined", refiner=Times(1j))
    result = send(Link(RawBits(), Uncoded(2), Modulation("qpsk")), list(bits), Rayleigh(), csi=quarter_turn)
    pairs, pairs_hat = bits.reshape(-1, 2), result.items_hat[0].reshape(-1, 2)
    np.testing.assert_array_equal(pairs_hat[:, 0], pairs[:, 1])  # x_hat = -j x: real part from the imaginary one
    np.testing.assert_array_equal(pairs_hat[:, 1], 1 - pairs[:, 0])
    assert result.bit_errors == (pairs != pairs_hat).sum()


def test_soft_decisions_take_the_estimated_gain_for_the_true_one_and_reckon_with_its_error():
    """BPSK: LLR = -4 Re(conj(h_est) y) / (n0 + error variance), y without noise at n0 = 0."""
    h = torch.tensor([[0.3 + 0.4j], [-1.2j]], dtype=torch.complex64)
    h_est = torch.tensor([[0.2 + 0.5j], [0.1 - 0.9j]], dtype=torch.complex128)
    code, bits = LlrRecorder(5), random_bits(2, 5)

    class Estimate(Csi):
        def estimate(self, h, n0, *, more=None, generator):
            return h_est.to(h), torch.tensor([[0.3], [0.7]])

    send(Link(RawBits(), code, Modulation("bpsk")), list(bits), KnownGain(h), 0.0, csi=Estimate())
    y = h.numpy() * (1 - 2.0 * bits)
    assert code.llr.dtype == np.float32
    expected = -4 * np.real(h_est.numpy().conj() * y) / np.array([[0.3], [0.7]])
    np.testing.assert_allclose(code.llr, expected, rtol=1e-5)


@pytest.mark.parametrize("method", LLR_METHODS)
def test_soft_decisions_follow_the_method(monkeypatch, method):
    signals = received(monkeypatch)
    code = LlrRecorder(12)
    send(Link(RawBits(), code, Modulation("64qam"), method=method), list(random_bits(20, 12)), n0=0.5)
    expected = Modulation("64qam").llr(signals[0], 0.5, method=method)
    np.testing.assert_allclose(code.llr.ravel(), expected, rtol=1e-5, atol=1e-6)


def test_a_trained_estimator_may_need_gradients():
    weight = torch.ones((), requires_grad=True)
    network = Csi("refined", refiner=Times(weight))
    assert send(Link(Utf8(), RS, Modulation("qpsk")), SENTENCES, Rayleigh(), 1e-9, csi=network).items_hat


@pytest.mark.parametrize(
    "interleaver", [RandomInterleaver(21, generator=np.random.default_rng(0)), BlockInterleaver(3, 7)]
)
def test_interleaver_permutes_the_coded_bits_of_each_block(monkeypatch, interleaver):
    link = Link(RawBits(), RS, Modulation("bpsk"), interleaver=interleaver)
    signals = received(monkeypatch)
    bits = random_bits(4, 15)
    assert np.array_equal(send(link, list(bits)).items_hat, bits)
    sent = (signals[0].real < 0).numpy().reshape(4, 21)
    np.testing.assert_array_equal(sent, RS.encode(bits)[:, interleaver.permutation])


@pytest.mark.parametrize("items", [[], [""], ["", ""]])
@pytest.mark.parametrize("code", CODES)
def test_nothing_to_send_is_sent(items, code):
    result = send(Link(Utf8(), CODES[code], Modulation("64qam")), items, Rayleigh(), 0.1)
    assert result.items_hat == items
    assert all(getattr(result, count).tolist() == [0] * len(items) for count in ITEM_COUNTS)
    assert math.isnan(result.bit_error_rate)
    assert math.isnan(result.block_error_rate)


def test_thousands_of_sentences_go_at_once():
    sentences = [f"{SENTENCES[i % 3]} {i}" for i in range(2000)]
    link = Link(Huffman.from_text(sentences), TurboCode(128, "1/2"), Modulation("64qam"))
    result = send(link, sentences, n0=channels.snr_to_n0(20.0))
    assert result.items_hat == sentences
    singly = [send(link, [sentence]).channel_uses[0] for sentence in sentences[:20]]
    assert result.channel_uses[:20].tolist() == singly


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Uncoded(0), "k = 0 must be an integer of at least 1"),
        (lambda: Link(Utf8(), RS, "64qam"), "modulation must be a Modulation, got '64qam'"),
        (lambda: Link(Utf8(), RS, Modulation("bpsk"), interleaver=BlockInterleaver(2, 3)), "the n = 21 places .* 6"),
        (lambda: Link(Utf8(), RS, Modulation("bpsk"), crc=Crc("crc16")), "crc must have fewer than .* k = 15 bits"),
        (lambda: Link(Utf8(), RS, Modulation("bpsk"), failure=""), "failure must be None without a crc"),
        (lambda: Link(Utf8(), RS, Modulation("bpsk"), method="log"), "method must be one of"),
    ],
)
def test_chains_that_do_not_fit_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"items": "one text"}, "items must be a sequence of items, got one text"),
        ({"items": ["a\0b"]}, "NUL"),
        ({"n0": -0.1}, "n0 = -0.1"),
        ({"n0": math.nan}, "n0 = nan"),
        ({"n0": math.inf}, "n0 = inf"),
    ],
)
def test_bad_transmissions_are_refused(settings, message):
    with pytest.raises(ValueError, match=message) as error:
        send(Link(Utf8(), RS, Modulation("64qam")), **{"items": SENTENCES, **settings})
    assert "\n" not in str(error.value)
