"""What all codes take and return: arrays and tensors, any leading dimensions, any real type; all else in one line."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib.coding.crc import Crc
from semcom_lib.coding.interleaver import BlockInterleaver
from semcom_lib.coding.ldpc import Ldpc5G
from semcom_lib.coding.reed_solomon import ReedSolomon
from semcom_lib.coding.turbo import TurboCode
from semcom_lib.physical_layer.link import Uncoded

CODES = {
    "turbo": TurboCode(40),
    "rs": ReedSolomon(7, 5, 3),
    "long rs": ReedSolomon(15, 9, 4),
    "ldpc": Ldpc5G(24, 72),
    "layered ldpc": Ldpc5G(24, 72, schedule="layered"),
    "uncoded": Uncoded(5),
}
SOFT = ["turbo", "ldpc", "layered ldpc"]
TYPES = [np.uint8, np.int8, np.int64, np.bool_, np.float16, np.float32, np.float64]
all_codes = pytest.mark.parametrize("code", CODES.values(), ids=CODES)
leading_dimensions = st.lists(st.integers(0, 3), max_size=3).map(tuple)
few = settings(deadline=None, max_examples=12, derandomize=True)


def random_bits(*shape):
    return np.random.default_rng(1).integers(0, 2, shape, dtype=np.uint8)


def as_llr(coded):
    return 8 * coded.astype(np.float32) - 4


@all_codes
@few
@given(leading=leading_dimensions, as_tensor=st.booleans())
def test_any_leading_dimensions_stay_and_the_kind_too(code, leading, as_tensor):
    bits = random_bits(*leading, code.k)
    kind = torch.from_numpy if as_tensor else np.asarray
    coded = code.encode(kind(bits))
    assert type(coded) is (torch.Tensor if as_tensor else np.ndarray)
    assert coded.shape == (*leading, code.n)
    rows = code.encode(bits.reshape(-1, code.k) if bits.size else bits.reshape(0, code.k))
    assert np.array_equal(np.asarray(coded).reshape(-1, code.n) if bits.size else rows, rows)
    decoded = code.decode(kind(as_llr(np.asarray(coded))))
    assert type(decoded) is type(coded)
    assert decoded.shape == (*leading, code.k)
    assert decoded.dtype == (torch.uint8 if as_tensor else np.uint8)
    assert np.array_equal(np.asarray(decoded), bits)


@all_codes
@pytest.mark.parametrize("dtype", TYPES)
def test_bits_and_llrs_of_any_real_type_are_taken(code, dtype):
    bits = random_bits(3, code.k)
    coded = code.encode(bits)
    assert np.array_equal(code.encode(bits.astype(dtype)), coded)
    assert np.array_equal(code.encode(torch.from_numpy(bits.astype(dtype))), coded)
    assert np.array_equal(code.encode(bits.astype(dtype).tolist()), coded)
    if dtype not in (np.uint8, np.bool_):  # they have no negative numbers
        llr = as_llr(coded).astype(dtype)
        assert np.array_equal(code.decode(llr), bits)
        assert np.array_equal(code.decode(torch.from_numpy(llr)), bits)


@all_codes
def test_tensors_of_bfloat16_and_with_gradients_are_taken(code):
    bits = random_bits(3, code.k)
    coded = code.encode(torch.from_numpy(bits).bfloat16())
    llr = (8.0 * coded - 4).requires_grad_()
    for given_llr in (llr, llr.bfloat16(), torch.complex(llr, -llr).conj().imag):
        decoded = code.decode(given_llr)
        assert not decoded.requires_grad
        assert np.array_equal(decoded, bits)


@all_codes
def test_strided_reversed_and_read_only_arrays_are_what_they_look_like(code):
    bits = random_bits(code.k, 6).T[::-2]
    llr = as_llr(code.encode(bits.copy()))
    wide = np.asfortranarray(np.repeat(llr, 2, axis=1))[:, ::2]
    wide.setflags(write=False)
    assert not bits.flags.c_contiguous
    assert np.array_equal(code.encode(bits), code.encode(bits.copy()))
    assert np.array_equal(code.decode(wide), bits)


@all_codes
def test_what_is_given_is_not_changed(code):
    bits = random_bits(2, code.k)
    llr = as_llr(code.encode(bits))
    before = bits.copy(), llr.copy()
    code.encode(bits)[:] = 7
    code.decode(llr)[:] = 7
    assert np.array_equal(bits, before[0])
    assert np.array_equal(llr, before[1])


@pytest.mark.parametrize("name", SOFT)
@few
@given(leading=leading_dimensions, as_tensor=st.booleans())
def test_soft_outputs_have_the_shape_and_the_kind_of_hard_ones(name, leading, as_tensor):
    code = CODES[name]
    llr = as_llr(random_bits(*leading, code.n))
    soft, iterations = code.decode_soft(torch.from_numpy(llr) if as_tensor else llr)
    assert type(soft) is type(iterations) is (torch.Tensor if as_tensor else np.ndarray)
    assert (*soft.shape, *iterations.shape) == (*leading, code.k, *leading)


@pytest.mark.parametrize("leading", [(), (3,), (2, 0), (2, 3)])
@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
def test_crc_and_flags_keep_leading_dimensions_and_kind(leading, kind):
    bits = kind(random_bits(*leading, 30))
    blocks = Crc("crc16").append(bits)
    passed = Crc("crc16").check(blocks)
    decoded, failed = CODES["rs"].decode_with_flag(kind(random_bits(*leading, 21)))
    assert type(blocks) is type(passed) is type(failed) is type(bits)
    assert blocks.shape == (*leading, 46)
    assert passed.shape == failed.shape == leading
    assert decoded.shape == (*leading, 15)
    assert bool(passed.all())
    assert np.array_equal(
        BlockInterleaver(2, 23).forward(blocks), np.asarray(blocks)[..., BlockInterleaver(2, 23).permutation]
    )


BITS_REFUSED = [
    (lambda k: np.zeros((2, k + 1), np.uint8), r"bits has shape \(2, {k1}\): it must be \(\.\.\., {k}\)"),
    (lambda k: np.zeros(()), r"bits has shape \(\): it must be"),
    (lambda k: np.full(k, 2, np.uint8), "with other entries: it must hold only 0 and 1"),
    (lambda k: np.full(k, -1), "must hold only 0 and 1"),
    (lambda k: np.full(k, 0.5), "must hold only 0 and 1"),
    (lambda k: np.full(k, np.nan), "must hold only 0 and 1"),
    (lambda k: torch.full((k,), 2), r"bits is a torch.int64 tensor \({k},\) with other entries"),
    (lambda k: np.zeros(k, complex), "bits is a numpy complex128 array .* it must be real numbers of shape"),
    (lambda k: torch.zeros(k, dtype=torch.complex64), "bits is a torch.complex64 tensor"),
    (lambda k: "0" * k, "bits is of type str"),
    (lambda k: None, "bits is of type NoneType"),
    (lambda k: [[0], [0, 1]], "bits is of type list: it must be real numbers"),
]
LLRS_REFUSED = [
    (lambda n: np.zeros((2, n - 1)), r"llr has shape \(2, {n1}\): it must be \(\.\.\., {n}\)"),
    (lambda n: np.zeros((n, 0)), "llr has shape"),
    (
        lambda n: np.full((1, n), np.nan),
        "llr is a numpy float64 array .* with NaN or infinite entries: it must be finite",
    ),
    (lambda n: np.full(n, np.inf, np.float32), "must be finite"),
    (lambda n: torch.full((n,), -torch.inf), "llr is a torch.float32 tensor"),
    (lambda n: np.zeros(n, complex), "llr is a numpy complex128 array"),
    (lambda n: np.array(["1"] * n), "llr is a numpy <U1 array"),
    (lambda n: [None] * n, "llr is of type list"),
]


@all_codes
@pytest.mark.parametrize(("bad", "message"), BITS_REFUSED)
def test_other_bits_are_refused_in_one_line(code, bad, message):
    with pytest.raises(ValueError, match=message.replace("{k1}", str(code.k + 1)).replace("{k}", str(code.k))) as error:
        code.encode(bad(code.k))
    assert "\n" not in str(error.value)


@all_codes
@pytest.mark.parametrize(("bad", "message"), LLRS_REFUSED)
def test_other_llrs_are_refused_in_one_line(code, bad, message):
    message = message.replace("{n1}", str(code.n - 1)).replace("{n}", str(code.n))
    for decode in filter(None, (code.decode, getattr(code, "decode_soft", None))):
        with pytest.raises(ValueError, match=message) as error:
            decode(bad(code.n))
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Crc("crc8").append(np.full((1, 8), 2)), "must hold only 0 and 1"),
        (lambda: Crc("crc8").append("1010"), "bits is of type str"),
        (lambda: Crc("crc8").append(1), r"bits has shape \(\)"),
        (
            lambda: Crc("crc24a").check(np.zeros((1, 23))),
            r"bits has shape \(1, 23\): it must be \(\.\.\., at least 24\)",
        ),
        (lambda: Crc("crc24a").check(np.full(30, 0.5)), "must hold only 0 and 1"),
    ],
)
def test_a_crc_refuses_what_is_no_block_of_bits(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
