import itertools
import subprocess
import sys

import numba
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import logsumexp
from sionna.phy.fec.interleaving import Turbo3GPPInterleaver
from sionna.phy.fec.turbo import TurboDecoder, TurboEncoder

from semcom_lib.coding import siso
from semcom_lib.coding.turbo import ALGORITHMS, INTERLEAVER_LENGTHS, RATES, TurboCode, qpp_interleaver

codes = st.builds(
    TurboCode,
    st.one_of(st.integers(1, 200), st.sampled_from([256, 512, 513, 1000])),
    st.sampled_from(RATES),
    st.sampled_from(list(ALGORITHMS)),
    st.integers(1, 3),
    st.booleans(),
)


def random_bits(batch, k, seed=0):
    return np.random.default_rng(seed).integers(0, 2, (batch, k), dtype=np.uint8)


def bpsk_llr(coded, rate, ebno_db, seed=1):
    """LLRs of BPSK over AWGN; rate is the nominal one."""
    variance = 1 / (2 * rate * 10 ** (ebno_db / 10))
    received = 2.0 * coded - 1 + np.sqrt(variance) * np.random.default_rng(seed).standard_normal(coded.shape)
    return (2 * received / variance).astype(np.float32)


def bit_errors(code, ebno_db, num_blocks):
    """Which decoded bits are wrong: bool (num_blocks, k)."""
    bits = random_bits(num_blocks, code.k)
    nominal_rate = 1 / 3 if code.n > 2.5 * code.k else 1 / 2
    return code.decode(bpsk_llr(code.encode(bits), nominal_rate, ebno_db)) != bits


def sionna_encoder(rate):
    return TurboEncoder(rate=rate, constraint_length=4, terminate=True)


def run_register(inputs):
    """Parities of one constituent encoder and its last register, written from the polynomials 13 and 15 (octal)."""
    register, parities = [0, 0, 0], []
    for bit in inputs:
        a = (bit + register[1] + register[2]) % 2
        parities.append((a + register[0] + register[2]) % 2)
        register = [a, *register[:2]]
    return parities, register


def siso_llrs(num_steps, seed):
    lu, lp = np.random.default_rng(seed).normal(0, 3, (2, num_steps, siso.LANES)).astype(np.float32)
    return lu, lp


def run_siso(decoder, lu, lp):
    extrinsic = np.empty_like(lu)
    metric = np.empty(siso.NUM_STATES * siso.LANES, np.float32)
    decoder(lu, lp, extrinsic, metric, np.empty((len(lu), metric.size), np.float32))
    return extrinsic


def log_map(*arguments):
    siso.bcjr(True, *arguments)


def max_log(*arguments):
    siso.bcjr(False, *arguments)


def terminated_codewords(num_steps):
    """Inputs and parities of all codewords, the last 3 steps of which lead to state 0: (2, codewords, num_steps)."""
    words = []
    for info in itertools.product([0, 1], repeat=num_steps - 3):
        inputs = list(info)
        for _ in range(3):
            register = run_register(inputs)[1]
            inputs.append((register[1] + register[2]) % 2)
        words.append((inputs, run_register(inputs)[0]))
    return np.array(words).transpose(1, 0, 2)


def sova_by_definition(lu, lp):
    """A-posteriori LLRs of one codeword by Hagenauer's rule, each rival traced back on its own: lu, lp (num_steps,)."""
    metrics, survivors = {0: 0.0}, []
    for u_llr, p_llr in zip(lu.astype(float), lp.astype(float), strict=True):
        arrivals = {}
        for (a1, a2, a3), u in itertools.product(itertools.product([0, 1], repeat=3), [0, 1]):
            state, a = 4 * a1 + 2 * a2 + a3, u ^ a2 ^ a3
            if state in metrics:
                metric = metrics[state] + u * u_llr + (a ^ a1 ^ a3) * p_llr
                arrivals.setdefault(4 * a + 2 * a1 + a2, []).append((metric, state, u))
        survivors.append({state: sorted(branches, reverse=True) for state, branches in arrivals.items()})
        metrics = {state: branches[0][0] for state, branches in survivors[-1].items()}

    def trace(t, state):
        bits = []
        for branches in reversed(survivors[: t + 1]):
            _, state, u = branches[state][0]
            bits.append((u, state))
        return bits[::-1]

    ml_path = trace(len(lu) - 1, 0)
    ml_states = [state for _, state in ml_path[1:]] + [0]
    reliability = np.full(len(lu), np.inf)
    for t, state in enumerate(ml_states):
        if len(survivors[t][state]) == 2:
            (best, *_), (second, origin, u) = survivors[t][state]
            rival = [bit for bit, _ in trace(t - 1, origin)] + [u]
            differs = np.array(rival) != [bit for bit, _ in ml_path[: t + 1]]
            reliability[: t + 1][differs] = np.minimum(reliability[: t + 1][differs], best - second)
    return np.array([2 * bit - 1 for bit, _ in ml_path]) * reliability


def test_interleavers_equal_sionna():
    oracle = Turbo3GPPInterleaver()
    assert len(INTERLEAVER_LENGTHS) == 188
    for length in INTERLEAVER_LENGTHS:
        np.testing.assert_array_equal(qpp_interleaver(length), oracle(torch.arange(length)[None])[0].numpy())


@pytest.mark.parametrize("k", [40, 64, 112, 256, 512, 1056, 2112])
def test_encoder_equals_sionna(k):
    bits = random_bits(3, k)
    np.testing.assert_array_equal(TurboCode(k).encode(bits), sionna_encoder(1 / 3)(torch.tensor(bits).float()).numpy())


@pytest.mark.parametrize("k", [40, 512])
def test_half_rate_punctures_as_sionna_but_keeps_the_tail(k):
    bits = random_bits(3, k)
    coded = TurboCode(k, "1/2").encode(bits)
    oracle = sionna_encoder(1 / 2)(torch.tensor(bits).float()).numpy()
    np.testing.assert_array_equal(coded[:, : 2 * k], oracle[:, : 2 * k])
    np.testing.assert_array_equal(coded[:, 2 * k :], TurboCode(k).encode(bits)[:, 3 * k :])


@pytest.mark.parametrize("k", [1, 7, 39, 41, 505, 513, 6000, 6143])
def test_fillers_are_unsent_zeros_before_the_information_bits(k):
    length = min(length for length in INTERLEAVER_LENGTHS if length >= k)
    bits = random_bits(2, k)
    mother = TurboCode(length).encode(np.pad(bits, ((0, 0), (length - k, 0))))
    streams, tail = mother[:, :-12].reshape(2, length, 3), mother[:, -12:]
    q = streams[:, qpp_interleaver(length) >= length - k, 2]
    expected = np.stack([streams[:, length - k :, 0], streams[:, length - k :, 1], q], axis=2).reshape(2, -1)
    np.testing.assert_array_equal(TurboCode(k).encode(bits), np.hstack([expected, tail]))


@pytest.mark.parametrize("k", [1, 39, 40, 41, 512, 513, 6143, 6144])
def test_codeword_lengths(k):
    third, half = TurboCode(k), TurboCode(k, "1/2")
    assert (third.n, half.n) == (3 * k + 12, 2 * k + 12)
    assert (third.rate, half.rate) == (k / third.n, k / half.n)
    assert third.encode(random_bits(2, k)).shape == (2, third.n)
    assert half.encode(random_bits(2, k)).shape == (2, half.n)


@pytest.mark.parametrize("k", [40, 264])
def test_tail_returns_both_registers_to_zero(k):
    bits = random_bits(1, k)
    coded = TurboCode(k).encode(bits)[0]
    streams, tails = coded[:-12].reshape(k, 3), coded[-12:].reshape(2, 3, 2)
    for order, parity, tail in [(np.arange(k), 1, tails[0]), (qpp_interleaver(k), 2, tails[1])]:
        parities, register = run_register([*bits[0, order], *tail[:, 0]])
        assert parities == [*streams[:, parity], *tail[:, 1]]
        assert register == [0, 0, 0]


@settings(deadline=None, max_examples=30, derandomize=True)
@given(codes, st.integers(0, 2**32 - 1))
def test_code_is_linear(code, seed):
    a, b = random_bits(2, code.k, seed)
    coded = code.encode(np.stack([a, b, a ^ b]))
    np.testing.assert_array_equal(coded[0] ^ coded[1], coded[2])


@settings(deadline=None, max_examples=50, derandomize=True)
@given(codes, st.integers(1, 20), st.sampled_from([0.5, 5.0, 1e4, 3e38]), st.integers(0, 2**32 - 1))
def test_noiseless_codewords_are_decoded(code, batch, llr, seed):
    bits = random_bits(batch, code.k, seed)
    np.testing.assert_array_equal(code.decode((code.encode(bits) * 2 - np.float32(1)) * np.float32(llr)), bits)


def test_correction_is_within_1e_3_of_the_logarithm():
    x = np.append(np.linspace(0, 40, 100_001), [1e3, 1e30]).astype(np.float32)
    corrections = np.array([siso.correction(value) for value in x])
    assert np.abs(corrections - np.logaddexp(0, -x.astype(float))).max() < 1.3e-4


@pytest.mark.parametrize(("decoder", "log_sum", "atol"), [(log_map, logsumexp, 3e-3), (max_log, np.max, 1e-4)])
def test_bcjr_equals_sums_over_all_codewords(decoder, log_sum, atol):
    u, p = terminated_codewords(num_steps=10)
    lu, lp = siso_llrs(num_steps=10, seed=2)
    log_probability = u @ lu.astype(float) + p @ lp.astype(float)
    app = [log_sum(log_probability[bit == 1], axis=0) - log_sum(log_probability[bit == 0], axis=0) for bit in u.T]
    np.testing.assert_allclose(run_siso(decoder, lu, lp), app - lu, atol=atol)


def test_sova_follows_hagenauers_rule():
    lu, lp = siso_llrs(num_steps=60, seed=3)
    app = run_siso(siso.sova, lu, lp) + lu
    for lane in range(siso.LANES):
        np.testing.assert_allclose(app[:, lane], sova_by_definition(lu[:, lane], lp[:, lane]), atol=1e-3)


def test_sova_decides_as_max_log_but_is_surer():
    lu, lp = siso_llrs(num_steps=200, seed=4)
    by_sova, by_max_log = run_siso(siso.sova, lu, lp) + lu, run_siso(max_log, lu, lp) + lu
    np.testing.assert_array_equal(by_sova > 0, by_max_log > 0)
    assert (np.abs(by_sova) >= np.abs(by_max_log) - 1e-3).all()
    assert (np.abs(by_sova) > np.abs(by_max_log) + 1).mean() > 0.1


@pytest.mark.parametrize("ebno_db", [0.5, 1.5, 2.5])
def test_ber_of_log_map_overlaps_sionna(ebno_db):
    code = TurboCode(64, early_stop=False)
    bits = random_bits(1500, code.k)
    llr = bpsk_llr(code.encode(bits), 1 / 3, ebno_db)
    ours = code.decode(llr)
    sionna = TurboDecoder(sionna_encoder(1 / 3), num_iter=code.iterations, algorithm="map")(
        torch.from_numpy(llr)
    ).numpy()
    errors = (sionna != bits).mean(axis=1)
    half_width = 1.96 * errors.std() / np.sqrt(len(errors))
    assert half_width > 0
    assert (ours != bits).mean() == pytest.approx(errors.mean(), abs=half_width)
    assert (ours != sionna).mean() < 1e-3


def test_log_map_beats_max_log_beats_sova():
    for ebno_db in [1.5, 2.0]:
        log_map_ber, max_log_ber, sova_ber = (
            bit_errors(TurboCode(256, "1/2", algorithm), ebno_db, 3000).mean() for algorithm in ALGORITHMS
        )
        assert 0 < log_map_ber < max_log_ber < sova_ber


def test_sova_loses_less_than_0_7_db():
    for ebno_db in [1.3, 1.8]:
        log_map_ber = bit_errors(TurboCode(256, "1/2", "log-map"), ebno_db, 3000).mean()
        assert 0 < bit_errors(TurboCode(256, "1/2", "sova"), ebno_db + 0.7, 3000).mean() < log_map_ber


@pytest.mark.parametrize("k", [105, 111])
def test_filled_up_blocks_lose_nothing(k):
    shorter, longer = (bit_errors(TurboCode(length), 1.0, 4000).mean() for length in [104, 112])
    assert bit_errors(TurboCode(k), 1.0, 4000).mean() == pytest.approx((shorter + longer) / 2, rel=0.15)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_early_stop_costs_no_errors(algorithm):
    for k, ebno_db in [(40, 2.0), (512, 1.0)]:
        stopped, full = (bit_errors(TurboCode(k, "1/3", algorithm, 8, stop), ebno_db, 2000) for stop in [True, False])
        assert stopped.any(axis=1).mean() <= 1.03 * full.any(axis=1).mean()
        assert stopped.mean() <= 1.03 * full.mean()


def test_early_stop_ends_the_iterations_of_clean_codewords():
    bits = random_bits(40, 100)
    code = TurboCode(100, iterations=10**9)
    np.testing.assert_array_equal(code.decode(bpsk_llr(code.encode(bits), 1 / 3, 6.0)), bits)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("early_stop", [True, False])
def test_bits_do_not_depend_on_batch_or_threads(algorithm, early_stop, monkeypatch):
    code = TurboCode(50, "1/2", algorithm, early_stop=early_stop)
    llr = bpsk_llr(code.encode(random_bits(200, code.k)), 1 / 2, 0.5)
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 1)
    bits = code.decode(llr)
    for row in range(0, 200, 13):
        np.testing.assert_array_equal(code.decode(llr[row : row + 1])[0], bits[row])
    np.testing.assert_array_equal(code.decode(llr[::-1])[::-1], bits)
    for num_threads in [2, 5]:
        monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", num_threads)
        np.testing.assert_array_equal(code.decode(llr), bits)


def test_decoding_leaves_the_threads_of_torch_alone(monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", before + 1)
    code = TurboCode(40)
    code.decode(np.zeros((64, code.n), np.float32))
    assert torch.get_num_threads() == before


def test_ten_megabits_need_less_than_2_gb():
    script = """
import resource, sys
import numpy as np
from semcom_lib.coding.turbo import TurboCode
code = TurboCode(512, algorithm="max-log", iterations=1)
bits = code.decode(np.full((10_000_000 // code.k, code.n), -1, np.float32))
assert not bits.any()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(process.stdout) < 2 * 2**30


@settings(deadline=None, max_examples=30, derandomize=True)
@given(codes, st.data())
def test_any_finite_llrs_give_bits(code, data):
    llr = data.draw(
        arrays(np.float32, (3, code.n), elements=st.floats(width=32, allow_nan=False, allow_infinity=False))
    )
    bits = code.decode(llr)
    assert bits.dtype == np.uint8
    assert bits.shape == (3, code.k)
    assert bits.max() <= 1


def test_empty_batches():
    code = TurboCode(41)
    assert code.encode(np.zeros((0, code.k), np.uint8)).shape == (0, code.n)
    assert code.decode(np.zeros((0, code.n), np.float32)).shape == (0, code.k)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, r"k = 0 must be an integer in 1\.\.6144"),
        ({"k": 6145}, "k = 6145 must be"),
        ({"k": 40.0}, "k = 40.0 must be"),
        ({"k": 40, "rate": "2/3"}, "rate must be one of 1/3, 1/2, got '2/3'"),
        ({"k": 40, "algorithm": "map"}, "algorithm must be one of log-map, max-log, sova, got 'map'"),
        ({"k": 40, "iterations": 0}, "iterations = 0 must be an integer of at least 1"),
    ],
)
def test_unknown_parameters_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TurboCode(**arguments)


def test_unknown_interleaver_length_is_refused():
    with pytest.raises(ValueError, match=r"length must be one of INTERLEAVER_LENGTHS .*, got 41"):
        qpp_interleaver(41)


def noisy_code(k, rate, algorithm, ebno_db, num_blocks=40, **settings):
    code, bits = TurboCode(k, rate, algorithm, **settings), random_bits(num_blocks, k)
    return code, bits, bpsk_llr(code.encode(bits), 1 / 3 if rate == "1/3" else 1 / 2, ebno_db)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(("k", "rate"), [(40, "1/3"), (100, "1/2"), (513, "1/3")])
def test_soft_outputs_decide_as_the_hard_ones(k, rate, algorithm):
    code, _, llr = noisy_code(k, rate, algorithm, 0.5)
    soft, iterations = code.decode_soft(llr)
    assert soft.dtype == np.float32
    assert np.isfinite(soft).all()
    assert np.array_equal(soft > 0, code.decode(llr).astype(bool))
    assert iterations.shape == (40,)
    assert ((iterations >= 1) & (iterations <= code.iterations)).all()


@pytest.mark.parametrize("algorithm", ["log-map", "max-log"])
def test_soft_outputs_of_one_constituent_code_are_the_marginals_over_its_codewords(algorithm):
    """Parity 2 unknown: what is left is one terminated code of 40 bits, small enough here for 2^10 free ones."""
    code = TurboCode(10, "1/3", algorithm, iterations=1)
    words = (np.arange(2**10)[:, None] >> np.arange(10) & 1).astype(np.uint8)
    coded = code.encode(words).astype(float)
    llr = np.random.default_rng(4).normal(0, 2, (3, code.n)).astype(np.float32)
    of_code_2 = np.r_[2:30:3, 36:42]  # its parity, and its tail
    llr[:, of_code_2] = 0
    metric = llr.astype(float) @ coded.T  # (3, words)
    combine = logsumexp if algorithm == "log-map" else np.max
    expected = np.stack(
        [
            combine(metric[:, words[:, i] == 1], axis=1) - combine(metric[:, words[:, i] == 0], axis=1)
            for i in range(10)
        ],
        axis=1,
    )
    np.testing.assert_allclose(code.decode_soft(llr)[0], expected, atol=5e-3, rtol=1e-4)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_without_parity_the_soft_output_is_the_channels(algorithm):
    """Nothing extrinsic comes in: each bit has the channel LLR of its own systematic bit alone."""
    code = TurboCode(64, "1/3", algorithm)
    systematic = np.random.default_rng(5).normal(0, 3, (2, 64)).astype(np.float32)
    llr = np.zeros((2, code.n), np.float32)
    llr[:, 0:192:3] = systematic
    if algorithm == "sova":
        np.testing.assert_array_equal(np.sign(code.decode_soft(llr)[0]), np.sign(systematic))
    else:
        np.testing.assert_allclose(code.decode_soft(llr)[0], systematic, atol=0.01)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_soft_outputs_grow_and_iterations_fall_with_the_snr(algorithm):
    sizes, iterations = [], []
    for ebno_db in (-1.0, 1.0, 3.0, 5.0):
        code, _, llr = noisy_code(256, "1/3", algorithm, ebno_db, iterations=8)
        soft, needed = code.decode_soft(llr)
        sizes.append(np.abs(soft).mean())
        iterations.append(needed.mean())
    assert sizes == sorted(sizes)
    assert iterations == sorted(iterations, reverse=True)
    assert iterations[0] > 5 > 2.5 > iterations[-1]


def test_without_early_stop_all_iterations_are_used():
    code, _, llr = noisy_code(40, "1/3", "log-map", 3.0, iterations=4, early_stop=False)
    assert (code.decode_soft(llr)[1] == 4).all()


def test_log_map_soft_outputs_are_probabilities():
    """Of the bits that it holds for wrong with probability 1 / (1 + e^|L|) so many are wrong."""
    code, bits, llr = noisy_code(512, "1/3", "log-map", -0.4, num_blocks=100, iterations=2)
    soft, _ = code.decode_soft(llr)
    wrong = (soft > 0) != (bits == 1)
    doubtful = (np.abs(soft) > 0.5) & (np.abs(soft) < 3)
    expected = 1 / (1 + np.exp(np.abs(soft[doubtful].astype(float))))
    assert wrong[doubtful].mean() == pytest.approx(expected.mean(), rel=0.1)
