import math
import subprocess
import sys

import numba
import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder

from semcom_lib.coding import ldpc
from semcom_lib.coding.ldpc import Ldpc5G
from semcom_lib.physical_layer.modulation import Modulation
from semcom_lib.physical_layer.theory import ber_awgn, capacity_bicm, ebno_db_to_snr_db


def random_bits(batch: int, k: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, (batch, k), dtype=np.uint8)


def noisy_llr(coded: np.ndarray, seed: int = 1) -> np.ndarray:
    """LLRs of BPSK over AWGN at -1.4 dB, 1.4 dB above the capacity limit of rate 1/2."""
    noise = np.random.default_rng(seed).standard_normal(coded.shape)
    mean = 4 * 10**-0.14
    return ((2.0 * coded - 1) * mean + math.sqrt(2 * mean) * noise).astype(np.float32)


SIZES = [(12, 14), (12, 60), (292, 584), (293, 440), (640, 2000), (3824, 5000), (3825, 11475), (8448, 9126)]


@pytest.mark.parametrize(("k", "n"), SIZES)
def test_decoding_undoes_encoding(k, n):
    code, bits = Ldpc5G(k, n), random_bits(3, k)
    coded = code.encode(bits)
    assert coded.dtype == np.uint8
    assert coded.shape == (3, n)
    assert code.rate == k / n
    assert np.array_equal(code.decode(np.where(coded == 1, 8, -8).astype(np.float32)), bits)


@pytest.mark.parametrize("num_bits_per_symbol", [None, 4])
def test_bits_equal_those_of_sionna_called_directly(num_bits_per_symbol, monkeypatch):
    monkeypatch.setattr(ldpc, "_EDGES_PER_CHUNK", 40_000)  # about ten blocks a chunk
    k, n = 512, 1024
    code, bits = Ldpc5G(k, n, 7, num_bits_per_symbol), random_bits(64, k)
    encoder = LDPC5GEncoder(k, n, num_bits_per_symbol=num_bits_per_symbol, device="cpu")
    coded = code.encode(bits)
    assert np.array_equal(coded, encoder(torch.tensor(bits, dtype=torch.float32)).numpy())
    llr = noisy_llr(coded)
    decoded = code.decode(llr)
    assert np.array_equal(decoded, LDPC5GDecoder(encoder, num_iter=7, device="cpu")(torch.tensor(llr)).numpy())
    assert 0 < (decoded != bits).any(axis=1).sum() < 64


def test_code_is_linear_and_systematic():
    code = Ldpc5G(512, 1024)
    a, b = random_bits(20, 512, seed=0), random_bits(20, 512, seed=1)
    assert np.array_equal(code.encode(a ^ b), code.encode(a) ^ code.encode(b))
    lifting_size = 64  # of base graph 2 for 512 = 8 * 64 bits; the first two columns are never sent
    assert np.array_equal(code.encode(a)[:, : 512 - 2 * lifting_size], a[:, 2 * lifting_size :])


def test_interleaver_writes_rows_and_reads_columns():
    bits = random_bits(5, 240)
    plain, interleaved = Ldpc5G(240, 480).encode(bits), Ldpc5G(240, 480, num_bits_per_symbol=6).encode(bits)
    assert np.array_equal(interleaved, plain.reshape(5, 6, 80).transpose(0, 2, 1).reshape(5, 480))


def test_a_block_decodes_alike_alone_and_in_a_batch():
    code = Ldpc5G(256, 512)
    llr = noisy_llr(code.encode(random_bits(12, 256)))
    alone = np.concatenate([code.decode(row[None]) for row in llr])
    assert np.array_equal(code.decode(llr), alone)
    assert np.array_equal(Ldpc5G(256, 512).decode(llr), alone)


def block_errors(code: Ldpc5G, modulation: Modulation, snr_db: float, num_blocks: int) -> tuple[float, float]:
    """Block and bit error rate over AWGN."""
    n0, bits = 10 ** (-snr_db / 10), random_bits(num_blocks, code.k)
    x = modulation.modulate(code.encode(bits))
    noise = torch.randn(x.shape, dtype=x.dtype, generator=torch.Generator().manual_seed(0))
    wrong = code.decode(modulation.llr(x + math.sqrt(n0) * noise, n0).numpy()) != bits
    return wrong.any(axis=1).mean(), wrong.mean()


@pytest.mark.parametrize(("name", "n"), [("qpsk", 1536), ("qpsk", 1024), ("16qam", 1024), ("64qam", 768)])
def test_waterfall_lies_within_2_db_above_the_capacity_limit(name, n):
    modulation = Modulation(name)
    code = Ldpc5G(512, n, num_bits_per_symbol=modulation.num_bits_per_symbol)
    efficiency = code.rate * modulation.num_bits_per_symbol
    limit_db = brentq(lambda snr_db: capacity_bicm(name, snr_db) - efficiency, -15, 30)
    below, _ = block_errors(code, modulation, limit_db - 0.5, 40)
    above, _ = block_errors(code, modulation, limit_db + 2.0, 60)
    assert below == 1.0
    assert above < 0.05


def test_code_beats_uncoded_transmission_of_equal_energy_per_bit():
    code, modulation, ebno_db = Ldpc5G(512, 1024, num_bits_per_symbol=2), Modulation("qpsk"), 2.0
    _, ber = block_errors(code, modulation, ebno_db_to_snr_db(ebno_db, 2, code.rate), 80)
    assert ber < ber_awgn("qpsk", ebno_db_to_snr_db(ebno_db, 2)) / 100


def test_more_iterations_decode_more_blocks():
    code = Ldpc5G(512, 1024)
    bits = random_bits(40, 512)
    llr = noisy_llr(code.encode(bits))
    failed = [(Ldpc5G(512, 1024, i).decode(llr) != bits).any(axis=1).sum() for i in (2, 8, 20)]
    assert failed[0] > failed[1] > failed[2]


def test_blocks_that_are_codewords_skip_belief_propagation_and_nothing_changes(monkeypatch):
    """At 9.5 dB some blocks come with raw bit errors, some without; Sionna must see the former only."""
    k, n = 256, 512
    code, bits = Ldpc5G(k, n, num_bits_per_symbol=2), random_bits(40, k)
    x = Modulation("qpsk").modulate(code.encode(bits))
    noise = torch.randn(x.shape, dtype=x.dtype, generator=torch.Generator().manual_seed(3))
    n0 = 10**-0.95
    llr = Modulation("qpsk").llr(x + math.sqrt(n0) * noise, n0).numpy()
    encoder, decoder = code._sionna
    reference = decoder(torch.from_numpy(llr)).numpy()
    seen = []

    def counting(blocks):
        seen.append(len(blocks))
        return decoder(blocks)

    counting.num_edges = decoder.num_edges
    monkeypatch.setitem(code.__dict__, "_sionna", (encoder, counting))
    assert np.array_equal(code.decode(llr), reference)
    errors = ((llr > 0) != code.encode(bits)).any(axis=1).sum()
    assert 0 < errors <= sum(seen) < len(bits)


@pytest.mark.parametrize(("k", "n"), [(24, 72), (293, 440), (1024, 2048)])
def test_the_shortcut_is_taken_for_codewords_alone(k, n):
    code, bits = Ldpc5G(k, n), random_bits(8, k)
    llr = np.where(code.encode(bits) == 1, 4, -4).astype(np.float32)
    llr[np.arange(4), [0, 1, n // 2, n - 1]] *= -1
    read, is_codeword = code._read_codewords(llr)
    assert is_codeword.tolist() == [False] * 4 + [True] * 4
    assert np.array_equal(read[4:], bits[4:])
    llr[4, 3] = 0.5  # so weak that Sionna might lose it
    assert not code._read_codewords(llr)[1][4]


@pytest.mark.parametrize(("k", "n"), SIZES)
def test_the_layered_schedule_is_the_same_code(k, n):
    layered, flooding, bits = Ldpc5G(k, n, schedule="layered"), Ldpc5G(k, n), random_bits(4, k)
    coded = flooding.encode(bits)
    assert np.array_equal(layered.encode(bits), coded)
    assert np.array_equal(layered.decode(np.where(coded == 1, 8, -8).astype(np.float32)), bits)


def test_the_layered_schedule_loses_little_against_sum_product():
    """Block error rates of the same noisy blocks, 0.6 dB around the waterfall of rate 1/2."""
    modulation = Modulation("qpsk")
    flooding = Ldpc5G(512, 1024, num_bits_per_symbol=2)
    layered = Ldpc5G(512, 1024, num_bits_per_symbol=2, schedule="layered")
    reference, _ = block_errors(flooding, modulation, 1.0, 60)
    same_snr, _ = block_errors(layered, modulation, 1.0, 300)
    more_snr, _ = block_errors(layered, modulation, 1.4, 300)
    assert 0 < more_snr < reference < 1
    assert same_snr < reference + 0.2


def test_a_block_decodes_alike_alone_in_a_batch_and_with_any_threads(monkeypatch):
    code = Ldpc5G(256, 512, schedule="layered")
    llr = noisy_llr(code.encode(random_bits(12, 256)))
    together = code.decode(llr)
    assert np.array_equal(np.concatenate([code.decode(row[None]) for row in llr]), together)
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 3)
    monkeypatch.setattr(ldpc, "_BLOCKS_PER_CHUNK", 5)
    assert np.array_equal(code.decode(llr), together)
    assert code.decode(np.zeros((0, 512), np.float32)).shape == (0, 256)


def test_empty_batch_and_read_only_arrays_are_taken():
    code = Ldpc5G(24, 72)
    assert code.encode(np.zeros((0, 24), np.uint8)).shape == (0, 72)
    assert code.decode(np.zeros((0, 72), np.float32)).shape == (0, 24)
    bits = random_bits(2, 24)
    bits.setflags(write=False)
    assert np.array_equal(code.encode(bits), code.encode(bits.copy()))


def test_sionna_is_imported_late_and_leaves_torch_as_it_was():
    program = """
import sys, torch, semcom_lib.coding.ldpc as ldpc
torch.manual_seed(3)
before = torch.get_rng_state(), torch.get_default_dtype(), torch.get_num_threads()
code = ldpc.Ldpc5G(24, 72)
assert not any(name.startswith("sionna") for name in sys.modules)
code.decode(code.encode([[0] * 24]) - 0.5)
assert "sionna.phy" in sys.modules
after = torch.get_rng_state(), torch.get_default_dtype(), torch.get_num_threads()
assert torch.equal(before[0], after[0]) and before[1:] == after[1:]
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"k": 11, "n": 22}, r"k = 11 must be an integer in 12\.\.8448"),
        ({"k": 8449, "n": 20000}, "k = 8449"),
        ({"k": 100, "n": 108}, r"n = 108 .*\[109, 500\]"),
        ({"k": 100, "n": 501}, r"n = 501 .*\[109, 500\]"),
        ({"k": 3825, "n": 11476}, r"\[4132, 11475\]"),
        ({"k": 100.0, "n": 200}, "k = 100.0"),
        ({"k": 100, "n": 200.5}, "n = 200.5"),
        ({"k": 100, "n": 200, "num_iterations": 0}, "num_iterations = 0"),
        ({"k": 100, "n": 200, "num_bits_per_symbol": 2.0}, "num_bits_per_symbol = 2.0"),
        ({"k": 100, "n": 200, "schedule": "serial"}, "schedule = 'serial'"),
        ({"k": 100, "n": 200, "num_bits_per_symbol": 6}, "num_bits_per_symbol = 6"),
    ],
)
def test_sizes_that_5g_does_not_have_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Ldpc5G(**settings)


def as_hard(llr):
    return (llr > 0).astype(np.uint8)


@pytest.mark.parametrize("schedule", ldpc.SCHEDULES)
@pytest.mark.parametrize(("k", "n"), [(24, 72), (256, 512), (293, 440)])
def test_soft_outputs_decide_as_the_hard_ones(k, n, schedule):
    code = Ldpc5G(k, n, 12, schedule=schedule)
    llr = noisy_llr(code.encode(random_bits(30, k)))
    soft, iterations = code.decode_soft(llr)
    assert soft.dtype == np.float32
    assert np.array_equal(as_hard(soft), code.decode(llr))
    assert iterations.shape == (30,)
    assert ((iterations >= 1) & (iterations <= 12)).all()
    assert schedule == "layered" or (iterations == 12).all()


@pytest.mark.parametrize("schedule", ldpc.SCHEDULES)
def test_without_parity_the_soft_output_is_the_channels(schedule):
    """Nothing extrinsic comes in: sent information bits keep their own LLR, the punctured ones have none."""
    code = Ldpc5G(256, 512, schedule=schedule)
    punctured = 2 * 32
    systematic = np.random.default_rng(5).normal(0, 3, (2, 256 - punctured)).astype(np.float32)
    llr = np.zeros((2, 512), np.float32)
    llr[:, : 256 - punctured] = systematic
    soft, iterations = code.decode_soft(llr)
    np.testing.assert_allclose(soft[:, punctured:], systematic, atol=1e-4)
    np.testing.assert_allclose(soft[:, :punctured], 0, atol=1e-4)
    assert (iterations == 20).all()


@pytest.mark.parametrize("schedule", ldpc.SCHEDULES)
def test_soft_outputs_grow_and_iterations_fall_with_the_snr(schedule):
    code = Ldpc5G(256, 512, schedule=schedule)
    coded = code.encode(random_bits(20, 256))
    noise = np.random.default_rng(1).standard_normal(coded.shape)
    sizes, iterations = [], []
    for snr_db in (-6, -2, 2, 6):
        mean = 4 * 10 ** (snr_db / 10)
        soft, needed = code.decode_soft(((2.0 * coded - 1) * mean + math.sqrt(2 * mean) * noise).astype(np.float32))
        sizes.append(np.abs(soft).mean())
        iterations.append(needed.mean())
    assert sizes == sorted(sizes)
    assert iterations == sorted(iterations, reverse=True)
    assert schedule == "flooding" or (iterations[0] == 20 and iterations[-1] < 3)


@pytest.mark.parametrize(("k", "n"), [(12, 60), (100, 300), (292, 584)])
def test_the_layered_schedule_decodes_alike_at_every_scale_of_its_llrs(k, n):
    """Min-sum is homogeneous: an n0 wrong by any factor changes no bit, up to the largest numbers of float32."""
    code = Ldpc5G(k, n, schedule="layered")
    llr = noisy_llr(code.encode(random_bits(30, k)))
    soft, iterations = code.decode_soft(llr)
    for exponent in (5, 10, 20, 40, 80, 122):
        scaled, needed = code.decode_soft(np.ldexp(llr, exponent))
        assert np.array_equal(as_hard(scaled), as_hard(soft))
        assert np.array_equal(needed, iterations)
        in_range = np.abs(soft) < 2.0 ** (127 - exponent)
        np.testing.assert_array_equal(scaled[in_range], np.ldexp(soft[in_range], exponent))
        assert np.isfinite(scaled).all()


@pytest.mark.parametrize("largest", [1e7, 1e20, 3e38])
@pytest.mark.parametrize("schedule", ldpc.SCHEDULES)
def test_one_huge_llr_among_ordinary_ones_loses_no_block(schedule, largest):
    code, bits = Ldpc5G(100, 300, schedule=schedule), random_bits(30, 100)
    coded = code.encode(bits)
    llr = noisy_llr(coded)
    expected = (code.decode(llr) != bits).any(axis=1)
    llr[np.arange(30), np.arange(30)] = np.where(coded[np.arange(30), np.arange(30)] == 1, largest, -largest)
    assert (code.decode(llr) != bits).any(axis=1).sum() <= expected.sum()


def test_float64_llrs_beyond_float32_saturate():
    code, bits = Ldpc5G(24, 72, schedule="layered"), random_bits(3, 24)
    assert np.array_equal(code.decode(1e300 * (2.0 * code.encode(bits) - 1)), bits)
