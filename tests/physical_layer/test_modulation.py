import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from sionna.phy.mapping import Constellation, Demapper, Mapper

from semcom_lib.physical_layer import modulation as modulation_module
from semcom_lib.physical_layer.modulation import NUM_BITS_PER_SYMBOL, Modulation
from semcom_lib.physical_layer.theory import ber_awgn, ber_rayleigh, capacity_bicm

NAMES = list(NUM_BITS_PER_SYMBOL)
QAM_NAMES = NAMES[1:]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_bits(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 2, shape, dtype=torch.uint8, generator=generator(seed))


def received(name: str, num_symbols: int, n0: float, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    bits = random_bits(num_symbols * NUM_BITS_PER_SYMBOL[name], seed=seed)
    noise = torch.randn(num_symbols, dtype=torch.complex64, generator=generator(seed + 1))
    return bits, Modulation(name).modulate(bits) + math.sqrt(n0) * noise


def brute_force_llr(name: str, y: np.ndarray, n0: np.ndarray, combine) -> np.ndarray:
    """The definition, over all M points in float64."""
    modulation = Modulation(name)
    num_bits = modulation.num_bits_per_symbol
    points = modulation.points.numpy().astype(np.complex128)
    metric = -(np.abs(y[:, None] - points) ** 2) / n0[:, None]
    labels = np.arange(points.size)
    is_one = [(labels >> (num_bits - 1 - i) & 1).astype(bool) for i in range(num_bits)]
    return np.stack([combine(metric[:, one], axis=1) - combine(metric[:, ~one], axis=1) for one in is_one], 1).ravel()


def test_labels_follow_the_formulas_of_3gpp_38211():
    b = 1.0 - 2.0 * random_bits(1000, 8).numpy()  # the standard writes 1 - 2 b(i) throughout

    def axis(*sign: np.ndarray) -> np.ndarray:
        if len(sign) == 1:
            return sign[0]
        if len(sign) == 2:
            return sign[0] * (2 - sign[1])
        if len(sign) == 3:
            return sign[0] * (4 - sign[1] * (2 - sign[2]))
        return sign[0] * (8 - sign[1] * (4 - sign[2] * (2 - sign[3])))

    for name, energy in {"qpsk": 2, "16qam": 10, "64qam": 42, "256qam": 170}.items():
        sign = b[:, : NUM_BITS_PER_SYMBOL[name]]
        expected = (axis(*sign[:, 0::2].T) + 1j * axis(*sign[:, 1::2].T)) / math.sqrt(energy)
        x = Modulation(name).modulate((sign < 0).astype(np.uint8))
        np.testing.assert_allclose(x[:, 0].numpy(), expected, atol=1e-6)


def test_bpsk_is_real_and_maps_0_to_plus_one():
    assert Modulation("bpsk").points.tolist() == [1, -1]


@pytest.mark.parametrize("name", QAM_NAMES)
def test_points_and_symbols_equal_sionna_qam(name):
    num_bits = NUM_BITS_PER_SYMBOL[name]
    points = Constellation("qam", num_bits, device="cpu")()
    torch.testing.assert_close(Modulation(name).points, points, rtol=0, atol=2e-7)
    bits = random_bits(7, 30 * num_bits)
    x = Mapper("qam", num_bits, device="cpu")(bits.float())
    torch.testing.assert_close(Modulation(name).modulate(bits), x, rtol=0, atol=2e-7)


@pytest.mark.parametrize("name", NAMES)
def test_mean_symbol_energy_is_one(name):
    levels = Modulation(name).levels
    assert Modulation(name).num_axes * np.mean(levels**2) == pytest.approx(1, abs=1e-15)
    assert np.mean(np.abs(Modulation(name).points.numpy().astype(np.complex128)) ** 2) == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_nearest_neighbours_differ_in_one_bit(name):
    points = Modulation(name).points
    distance = (points[:, None] - points).abs()
    neighbours = torch.isclose(distance, distance[distance > 0].min(), rtol=1e-4).nonzero().tolist()
    assert neighbours
    assert {(a ^ b).bit_count() for a, b in neighbours} == {1}


@pytest.mark.parametrize(("method", "combine"), [("exact", logsumexp), ("max-log", np.max)])
@pytest.mark.parametrize("name", NAMES)
def test_llr_equals_its_definition_over_all_points(name, method, combine):
    n0 = np.geomspace(1e-3, 10, 2000)  # each symbol has its own noise, as after equalisation
    _, y = received(name, n0.size, 0.3)
    expected = brute_force_llr(name, y.numpy().astype(np.complex128), n0, combine)
    llr = Modulation(name).llr(y, torch.from_numpy(n0), method=method)
    assert llr.dtype == torch.float32
    np.testing.assert_allclose(llr.numpy(), expected, rtol=1e-5, atol=2e-3)
    precise = Modulation(name).llr(y.to(torch.complex128), torch.from_numpy(n0), method=method)
    np.testing.assert_allclose(precise.numpy(), expected, rtol=1e-5, atol=2e-4)  # what the float32 points leave


@pytest.mark.parametrize(("method", "sionna_method"), [("exact", "app"), ("max-log", "maxlog")])
@pytest.mark.parametrize("name", NAMES)
def test_llr_equals_sionna_demapper(name, method, sionna_method):
    kind = "pam" if name == "bpsk" else "qam"
    demapper = Demapper(sionna_method, kind, NUM_BITS_PER_SYMBOL[name], device="cpu")
    for n0 in (0.02, 0.5, torch.linspace(0.02, 2, 1000)):
        _, y = received(name, 1000, 0.1)
        # Sionna's n0 is the variance of the complex noise, as ours; its PAM leaves out the imaginary axis as well.
        expected = demapper(y, n0 if isinstance(n0, torch.Tensor) else torch.tensor(n0))
        torch.testing.assert_close(Modulation(name).llr(y, n0, method=method), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_exact_llrs_carry_the_bicm_capacity(name):
    snr_db = 8.0
    n0 = 10 ** (-snr_db / 10)
    bits, y = received(name, 50_000, n0)
    llr = Modulation(name).llr(y, n0).double()
    lost = torch.nn.functional.softplus(-(2.0 * bits - 1) * llr).view(y.numel(), -1).sum(1) / math.log(2)
    information = NUM_BITS_PER_SYMBOL[name] - lost.mean()
    assert abs(information - capacity_bicm(name, snr_db)) < 3.3 * lost.std() / math.sqrt(lost.numel())


@pytest.mark.parametrize("name", NAMES)
def test_max_log_keeps_the_sign_and_loses_information(name):
    n0 = 0.4
    bits, y = received(name, 20_000, n0)
    exact, max_log = (Modulation(name).llr(y, n0, method=method) for method in ("exact", "max-log"))
    doubt = [torch.nn.functional.softplus(-(2.0 * bits - 1) * llr).mean() for llr in (exact, max_log)]
    if NUM_BITS_PER_SYMBOL[name] <= 2:
        torch.testing.assert_close(exact, max_log, rtol=1e-5, atol=1e-5)
    else:
        assert doubt[0] < doubt[1]


@pytest.mark.parametrize("method", ["exact", "max-log"])
@pytest.mark.parametrize("name", NAMES)
def test_llr_is_differentiable(name, method):
    y = torch.randn(6, dtype=torch.complex128, generator=generator()).requires_grad_()
    assert torch.autograd.gradcheck(lambda y: Modulation(name).llr(y, 0.2, method=method), y)


@pytest.mark.parametrize("method", ["exact", "max-log"])
@pytest.mark.parametrize("name", NAMES)
def test_llr_is_differentiable_far_from_all_points_too(name, method):
    y = torch.tensor([5e3 + 1j, 1e4 - 2e4j, 0.3 - 9e3j], dtype=torch.complex128).requires_grad_()
    assert torch.autograd.gradcheck(lambda y: Modulation(name).llr(y, 1e4, method=method), y, eps=1e-3, rtol=1e-3)


@pytest.mark.parametrize("method", ["exact", "max-log"])
@pytest.mark.parametrize("name", NAMES)
def test_llr_stays_finite_without_noise_and_vanishes_in_an_erasure(name, method):
    bits, y = received(name, 1000, 0.0)
    llr = Modulation(name).llr(y, 1e-20, method=method)
    assert torch.isfinite(llr).all()
    assert torch.equal((llr > 0).to(torch.uint8), bits)
    assert Modulation(name).llr(1e6 * y, math.inf, method=method).count_nonzero() == 0


def test_llr_is_the_same_in_one_chunk_or_many():
    num_symbols = 2 * modulation_module._SYMBOLS_PER_CHUNK + 5
    _, y = received("64qam", num_symbols, 0.1)
    n0 = torch.linspace(0.05, 0.5, num_symbols)
    pieces = [Modulation("64qam").llr(a, b) for a, b in zip(y.split(9999), n0.split(9999), strict=True)]
    torch.testing.assert_close(Modulation("64qam").llr(y, n0), torch.cat(pieces), rtol=1e-5, atol=1e-4)


def test_noise_variance_broadcasts_per_row():
    _, y = received("16qam", 12, 0.1)
    y, n0 = y.view(3, 4), torch.tensor([[0.1], [0.2], [0.3]])
    llr = Modulation("16qam").llr(y, n0)
    assert llr.shape == (3, 16)
    for row in range(3):
        torch.testing.assert_close(llr[row], Modulation("16qam").llr(y[row], n0[row]), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_hard_decision_is_the_nearest_point(name):
    modulation = Modulation(name)
    _, y = received(name, 5000, 1.0)
    nearest = (y[:, None] - modulation.points).abs().argmin(1)
    assert torch.equal(modulation.modulate(modulation.hard(y)), modulation.points[nearest])


@settings(deadline=None, max_examples=50, derandomize=True)
@given(name=st.sampled_from(NAMES), shape=st.tuples(st.integers(0, 3), st.integers(0, 40)), seed=st.integers(0, 99))
def test_hard_decisions_undo_the_mapping(name, shape, seed):
    bits = random_bits(shape[0], shape[1] * NUM_BITS_PER_SYMBOL[name], seed=seed)
    x = Modulation(name).modulate(bits)
    assert x.dtype == torch.complex64
    assert x.shape == shape
    assert torch.equal(Modulation(name).hard(x), bits)


def test_numpy_bits_and_tensors_of_any_integer_type_map_alike():
    bits = np.random.default_rng(0).integers(0, 2, 60, dtype=np.uint8)
    bits.setflags(write=False)
    x = Modulation("64qam").modulate(bits)
    for dtype in (torch.bool, torch.int32, torch.int64):
        assert torch.equal(Modulation("64qam").modulate(torch.tensor(bits, dtype=dtype)), x)


def assert_within_monte_carlo_interval(errors: torch.Tensor, probability: float) -> None:
    """The mean of independent values (num_symbols,) lies within its 99.9 % interval about ``probability``."""
    assert errors.count_nonzero() > 200
    assert abs(errors.mean() - probability) < 3.29 * errors.std() / math.sqrt(errors.numel())


@pytest.mark.parametrize("snr_above_one_bit_db", [0.0, 5.0])
@pytest.mark.parametrize("name", NAMES)
def test_uncoded_bit_error_rate_over_awgn(name, snr_above_one_bit_db):
    snr_db = 3.0 * (NUM_BITS_PER_SYMBOL[name] - 1) + snr_above_one_bit_db
    bits, y = received(name, 400_000, 10 ** (-snr_db / 10), seed=7)
    errors = (Modulation(name).hard(y) != bits).double().view(y.numel(), -1).mean(1)
    assert_within_monte_carlo_interval(errors, ber_awgn(name, snr_db))


@pytest.mark.parametrize("snr_db", [5.0, 20.0])
@pytest.mark.parametrize("name", NAMES)
def test_uncoded_bit_error_rate_over_rayleigh(name, snr_db):
    n0, num_symbols = 10 ** (-snr_db / 10), 400_000
    bits = random_bits(num_symbols * NUM_BITS_PER_SYMBOL[name], seed=3)
    h, noise = torch.randn(2, num_symbols, dtype=torch.complex64, generator=generator(4))
    y = h * Modulation(name).modulate(bits) + math.sqrt(n0) * noise
    llr = Modulation(name).llr(y / h, n0 / h.abs().square(), method="max-log")
    errors = ((llr > 0) != bits.bool()).double().view(num_symbols, -1).mean(1)
    assert_within_monte_carlo_interval(errors, ber_rayleigh(name, snr_db))


def exact_llr(name: str, y: complex, n0: float, method: str) -> list[float]:
    """One symbol's LLRs from the definition, in rational arithmetic but for the final logarithms."""
    modulation = Modulation(name)
    num_bits = modulation.num_bits_per_symbol
    levels = [Fraction(float(level)) for level in modulation.levels]
    if modulation.num_axes == 1:
        points = [(level, 0) for level in levels]
    else:
        in_phase, quadrature = modulation_module._deinterleave(np.arange(2**num_bits), num_bits)
        points = [(levels[i], levels[q]) for i, q in zip(in_phase, quadrature, strict=True)]
    distances = [(Fraction(y.real) - a) ** 2 + (Fraction(y.imag) - b) ** 2 for a, b in points]
    llr = []
    for i in range(num_bits):
        sides = []
        for value in (1, 0):
            of_value = [d for label, d in enumerate(distances) if label >> (num_bits - 1 - i) & 1 == value]
            nearest = min(of_value)
            rest = sum(math.exp(-min(700.0, float((d - nearest) / Fraction(n0)))) for d in of_value)
            sides.append((nearest, math.log(rest) if method == "exact" else 0.0))
        (one, doubt_1), (zero, doubt_0) = sides
        llr.append(float((zero - one) / Fraction(n0)) + doubt_1 - doubt_0)
    return llr


@pytest.mark.parametrize("method", ["exact", "max-log"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1e3, 4e3, 5e3, 1e5, 1e8, 1e15, 1e24])
def test_llrs_far_from_all_points_are_those_of_the_definition(name, method, size):
    """In y - level float32 loses the level: LLRs were 0 from 1e8 on, and NaN once (y - level)^2 overflowed."""
    y = torch.tensor([size * (0.3 - 0.9j), size * (-0.9 + 0.2j), size * (1.1 + 1.3j), 0.4 - size * 1j])
    for n0 in (1.0, 1e-3 * size):
        expected = [exact_llr(name, value, n0, method) for value in y.tolist()]
        llr = Modulation(name).llr(y, n0, method=method).view(len(y), -1)
        np.testing.assert_allclose(llr.numpy(), expected, rtol=2e-3, atol=2e-3 * size / n0)


@pytest.mark.parametrize("method", ["exact", "max-log"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n0", [1e-20, 1e-3, 1.0, 1e10, 1e30])
def test_llrs_of_the_largest_numbers_are_finite_and_decide_for_the_outermost_point(name, method, n0):
    modulation = Modulation(name)
    corner = modulation.points[(modulation.points.real + modulation.points.imag).abs().argmax()]
    y = 3e38 * torch.view_as_complex(torch.sign(torch.view_as_real(corner)))[None]
    llr = modulation.llr(y, n0, method=method)
    assert torch.isfinite(llr).all()
    assert torch.equal((llr > 0).to(torch.uint8), modulation.hard(corner[None]))
    assert torch.equal(modulation.hard(y), modulation.hard(corner[None]))
    assert modulation.llr(y, math.inf, method=method).count_nonzero() == 0


@pytest.mark.parametrize("method", ["exact", "max-log"])
@pytest.mark.parametrize("name", NAMES)
def test_gradients_of_the_largest_numbers_are_finite(name, method):
    y = torch.tensor([1e30 + 1e30j, 1.0 - 1j], dtype=torch.complex64).requires_grad_()
    Modulation(name).llr(y, 1.0, method=method).sum().backward()
    assert torch.isfinite(torch.view_as_real(y.grad)).all()


def test_a_far_symbol_changes_no_other_one():
    _, y = received("64qam", 3000, 0.1)
    alone = Modulation("64qam").llr(y, 0.1).view(3000, 6)
    y[7] = 1e9
    together = Modulation("64qam").llr(y, 0.1).view(3000, 6)
    others = torch.arange(3000) != 7
    assert torch.equal(together[others], alone[others])


def test_a_conjugate_view_and_a_strided_view_are_what_they_look_like():
    _, y = received("64qam", 20, 0.1)
    modulation = Modulation("64qam")
    assert torch.equal(modulation.llr(y.conj(), 0.1), modulation.llr(y.conj().resolve_conj(), 0.1))
    assert torch.equal(modulation.llr(y[::2], 0.1), modulation.llr(y[::2].clone(), 0.1))


Y = torch.ones(3, 3, dtype=torch.complex64)
REFUSED = [
    (lambda m: Modulation("8psk"), "name = '8psk' is not a modulation"),
    (lambda m: m.modulate(np.zeros(3, np.uint8)), "multiple of 2"),
    (lambda m: m.modulate(np.full(2, 2, np.uint8)), "only 0 and 1"),
    (lambda m: m.modulate(np.full(2, -1)), "only 0 and 1"),
    (lambda m: m.modulate(torch.zeros(2)), r"bits is a torch.float32 tensor \(2,\)"),
    (lambda m: m.modulate(np.zeros(2)), r"bits is a numpy float64 array \(2,\)"),
    (lambda m: m.modulate([0, 1]), "bits is of type list"),
    (lambda m: m.modulate(np.array(["0", "1"])), "bits is a numpy <U1 array"),
    (lambda m: m.modulate(torch.tensor(1)), "multiple of 2"),
    (lambda m: m.llr(Y, 1.0, method="log-map"), "method = 'log-map' is unknown"),
    (lambda m: m.llr(Y, 0.0), "n0 = 0 at its lowest"),
    (lambda m: m.llr(Y, -1.0), "n0 = -1 at its lowest"),
    (lambda m: m.llr(Y, torch.tensor([[1.0, math.nan, 1.0]])), "n0 = nan"),
    (lambda m: m.llr(Y, torch.ones(3)), r"n0 has shape \(3,\); for y \(3, 3\) it must have 2 dimensions"),
    (lambda m: m.llr(Y, torch.ones(2, 1)), r"n0 has shape \(2, 1\)"),
    (lambda m: m.llr(Y[:1], torch.ones(3, 1)), r"n0 has shape \(3, 1\)"),
    (lambda m: m.llr(Y, Y), "n0 is a torch.complex64 tensor"),
    (lambda m: m.llr(Y, "1"), "n0 is of type str"),
    (lambda m: m.llr(Y, None), "n0 is of type NoneType"),
    (lambda m: m.llr(Y / 0, 1.0), "NaN or infinite entries: it must be finite"),
    (lambda m: m.llr(Y * math.nan, 1.0), "NaN or infinite entries: it must be finite"),
    (lambda m: m.hard(Y * math.inf), "NaN or infinite entries: it must be finite"),
    (lambda m: m.hard(Y.real), "y is a torch.float32 tensor .* must be a complex torch tensor"),
    (lambda m: m.hard(Y.numpy()), "y is a numpy complex64 array"),
    (lambda m: m.llr([1j], 1.0), "y is of type list"),
    (lambda m: m.llr(Y[0, 0], 1.0), r"must be a complex torch tensor \(\.\.\., num_symbols\)"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call(Modulation("qpsk"))
    assert "\n" not in str(error.value)
