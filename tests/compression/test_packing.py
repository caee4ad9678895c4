"""The laws of packing: exact round trips, real sizes, deterministic bytes, no damage unnoticed."""

import math
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from semcom_lib import seeds
from semcom_lib.compression.packing import PackError, pack, psi, unpack
from semcom_lib.compression.pruning import magnitude_masks
from semcom_lib.compression.quantisation import quantise_weights

# l_deepsc Table II: for each sparsity the ratios at m = 4, 8, 12, 16, 32.
TABLE_II = {
    0.0: (8, 4, 2.667, 2, 1),
    0.3: (11.429, 5.714, 3.81, 2.857, 1.429),
    0.6: (20.0, 10.0, 6.667, 5.0, 2.5),
    0.9: (80.0, 40.0, 26.667, 20.0, 10),
    0.95: (160.0, 80.0, 53.333, 40.0, 20),
}


@pytest.mark.parametrize("sparsity", TABLE_II)
def test_psi_of_table_ii(sparsity):
    kept = 3_333_120 - round(sparsity * 3_333_120)
    assert [round(psi(3_333_120, kept, m), 3) for m in (4, 8, 12, 16, 32)] == list(TABLE_II[sparsity])


@pytest.mark.parametrize(
    ("kept", "bits", "message"),
    [
        (0, 8, "kept = 0"),
        (11, 8, "kept = 11"),
        (2.5, 8, "kept = 2.5"),
        (5, 33, "bits = 33"),
        (5, 1.5, "bits = 1.5"),
        (5, "8", "'8'"),
    ],
)
def test_psi_of_impossible_numbers_is_refused(kept, bits, message):
    with pytest.raises(ValueError, match=message):
        psi(10, kept, bits)


class Model(nn.Module):
    """Weights of given shapes, a bias, and the buffers that models have."""

    def __init__(self, *shapes, purpose="model"):
        super().__init__()
        generator = seeds.torch_generator(1, purpose)
        self.weights = nn.ParameterDict({f"w{i}": torch.randn(s, generator=generator) for i, s in enumerate(shapes)})
        self.bias = nn.Parameter(torch.randn(3, generator=generator))
        self.register_buffer("x_min", torch.tensor(float("nan")))
        self.register_buffer("count", torch.tensor(2**40))
        self.register_buffer("table", torch.randn(2, 2, generator=generator))


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.numpy().tobytes() == b.numpy().tobytes()


shapes = st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=3).map(tuple), min_size=1, max_size=4)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(shapes, st.floats(0, 0.999), st.integers(1, 32), st.integers(0, 2**32 - 1))
def test_unpacking_gives_the_quantised_model_bit_for_bit(shapes, sparsity, bits, model_version):
    model = Model(*shapes, purpose=(sparsity, bits))
    masks = magnitude_masks(model, sparsity)
    unpacked = unpack(pack(model.state_dict(), bits, masks, model_version=model_version))
    quantise_weights(model, masks, bits)
    expected = model.state_dict()
    assert unpacked.state.keys() == expected.keys()
    assert all(same_bits(unpacked.state[name], expected[name]) for name in expected)
    assert unpacked.masks.keys() == masks.keys()
    assert all(torch.equal(unpacked.masks[name], masks[name]) for name in masks)
    assert (unpacked.bits, unpacked.model_version) == (bits, model_version)


@pytest.mark.parametrize("bits", [4, 8, 32])
def test_an_unpacked_model_packs_to_the_same_bytes(bits):
    model = Model((40, 30), (30, 20))
    data = pack(model.state_dict(), bits, magnitude_masks(model, 0.6))
    unpacked = unpack(data)
    assert pack(unpacked.state, bits, unpacked.masks) == data


def test_bytes_do_not_depend_on_the_order_of_names():
    model = Model((4, 5), (2, 3))
    masks = magnitude_masks(model, 0.3)
    state = model.state_dict()
    backwards = dict(reversed(list(state.items())))
    assert pack(backwards, 5, dict(reversed(list(masks.items())))) == pack(state, 5, masks)


def test_format_version_1_is_these_bytes():
    """Whoever changes them raises FORMAT_VERSION."""
    state = {"a.bias": torch.tensor([0.5]), "a.weight": torch.tensor([[3.0, 0.1, -1.0, 0.9, 0.0, 0.0]])}
    masks = {"a.weight": torch.tensor([[True, False, True, True, False, False]])}
    assert pack(state, 2, masks, model_version=7).hex(" ") == (
        "53 43 4c 4d 01 02 07 00 00 00 54 00 00 00 00 00 00 00 02 00 00 00 "  # header
        "00 06 61 2e 62 69 61 73 00 00 01 01 00 00 00 00 00 00 3f "  # "a.bias", plain, float32, (1,), 0.5
        "02 06 77 65 69 67 68 74 01 00 02 01 00 00 00 06 00 00 00 "  # "a." + "weight", float32, (1, 6)
        "07 00 00 00 01 00 03 00 00 00 b0 "  # index: bitmap 1011
        "00 00 80 bf 00 00 40 40 c4 "  # -1, 3, levels 11 00 01
        "fb 74 68 b4"
    )


def test_all_that_is_not_a_kept_weight_costs_little():
    """Kept weights at m bits each, the index near its entropy, and no more than 40 bytes a tensor of layout."""
    model = Model((300, 200), (200, 100))
    masks = magnitude_masks(model, 0.9)
    size = len(pack(model.state_dict(), 8, masks))
    kept = sum(int(mask.sum()) for mask in masks.values())
    index = 0.4690 * 80_000 / 8  # H(0.9) = 0.4690
    assert kept == 8_000
    assert kept + index < size < kept + 1.03 * index + 40 * 6


def test_tied_tensors_are_sent_once_and_the_weight_is_the_one_with_a_mask():
    model = nn.Sequential(nn.Linear(40, 40), nn.Linear(40, 40))
    single = pack(model[:1].state_dict(), 8, magnitude_masks(model[:1], 0.5))
    model[0].weight = model[1].weight
    data = pack(model.state_dict(), 8, {"1.weight": magnitude_masks(model, 0.5)["0.weight"]})
    state = unpack(data).state
    assert len(data) < len(single) + 40 * 4 + 80
    assert torch.equal(state["0.weight"], state["1.weight"])
    assert len(state["0.weight"].unique()) > 100


def test_parameters_pack_as_the_state_dict_does():
    model = nn.Linear(4, 3)
    masks = magnitude_masks(model, 0.5)
    for bits in (8, 32):
        assert pack(dict(model.named_parameters()), bits, masks) == pack(model.state_dict(), bits, masks)


def test_a_part_of_a_model_packs_alone():
    model = Model((4, 5), (2, 3))
    masks = magnitude_masks(model, 0.5)
    part = {name: tensor for name, tensor in model.state_dict().items() if name == "weights.w1"}
    unpacked = unpack(pack(part, 32, {"weights.w1": masks["weights.w1"]}))
    assert list(unpacked.state) == ["weights.w1"]


def small_pack():
    model = Model((3, 4), purpose="small")
    return pack(model.state_dict(), 3, magnitude_masks(model, 0.4), model_version=1)


def test_every_corruption_of_one_byte_is_detected():
    data = small_pack()
    for position in range(len(data)):
        for difference in range(1, 256):
            damaged = bytearray(data)
            damaged[position] ^= difference
            with pytest.raises(PackError):
                unpack(bytes(damaged))


def test_every_truncation_and_any_addition_is_detected():
    data = small_pack()
    for length in range(len(data)):
        with pytest.raises(PackError):
            unpack(data[:length])
    with pytest.raises(PackError, match="truncated or damaged"):
        unpack(data + b"\0")


def resealed(data, changes):
    """The pack with single bytes replaced and its checksum made right again."""
    changed = bytearray(data[:-4])
    for position, value in changes.items():
        changed[position] = value
    return bytes(changed) + struct.pack("<I", zlib.crc32(changed))


def test_another_format_version_is_named():
    with pytest.raises(PackError, match="format version 2, this reader knows 1"):
        unpack(resealed(small_pack(), {4: 2}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({18: 3}, "follow the last field"),  # a tensor fewer
        ({18: 9}, "end within a field"),
        ({23: 200}, "can't decode|end within a field"),  # the first name's length
        ({28: 7}, "kind 7 of torch.float32 is unknown"),
        ({29: 99}, "out of range"),  # its dtype
    ],
)
def test_wrong_content_under_a_right_checksum_is_a_pack_error(changes, message):
    assert small_pack()[18:30] == b"\x05\x00\x00\x00\x00\x04bias\x00\x00"
    with pytest.raises(PackError, match=message):
        unpack(resealed(small_pack(), changes))


def forged(bits, *tensors, version=1):
    """A pack with a right checksum of tensors whose fields are made up: (name, kind, dtype code, shape, content) each."""
    body = b""
    for name, kind, dtype, shape, content in tensors:
        body += struct.pack("<BB", 0, len(name)) + name.encode()
        body += struct.pack(f"<BBB{len(shape)}I", kind, dtype, len(shape), *shape) + content
    data = struct.pack("<4sBBIQI", b"SCLM", version, bits, 0, 22 + len(body) + 4, len(tensors)) + body
    return data + struct.pack("<I", zlib.crc32(data))


def index(data):
    return struct.pack("<I", len(data)) + data


PLAIN, WEIGHT, TIED = range(3)
NONE_KEPT, ALL_KEPT, ONE_KEPT = (index(bytes.fromhex(h)) for h in ("010000000000", "000000000000", "01000100000080"))
RANGE = struct.pack("<ff", 0.0, 1.0)
A = ("a", PLAIN, 0, (1,), struct.pack("<f", 1.0))
HALF = 2**31
FORGERIES = [
    (
        forged(8, ("w", WEIGHT, 0, (2**14, 2**14), NONE_KEPT)),
        "larger than the 67,108,864 weights that are still allowed",
    ),
    (forged(8, ("w", WEIGHT, 0, (HALF, HALF, HALF), ALL_KEPT)), "larger than"),
    (forged(8, *[(f"w{i}", WEIGHT, 0, (2**13, 2**12), NONE_KEPT) for i in range(3)]), "larger than the 0 weights"),
    (
        forged(8, ("w", WEIGHT, 0, (2**13, 2**13), index(bytes.fromhex("0100000000020080")))),
        "33554432 integers of 0 bits",
    ),
    (forged(8, ("w", WEIGHT, 0, (4,), ALL_KEPT + RANGE)), "end within a field"),
    (forged(8, ("w", WEIGHT, 0, (4,), struct.pack("<I", 2**32 - 1))), "end within a field"),
    (forged(8, ("b", PLAIN, 1, (2**32 - 1, 2**32 - 1), b"")), "end within a field"),
    (forged(8, ("b", PLAIN, 0, (0, 2**32 - 1, 2**32 - 1, 2**32 - 1), b"")), "."),
    (forged(0, A), "bits = 0 is outside"),
    (forged(33, A), "bits = 33 is outside"),
    (forged(8, ("w", WEIGHT, 1, (1,), ONE_KEPT + RANGE + b"\0")), "kind 1 of torch.float64"),
    (forged(8, ("w", WEIGHT, 0, (2,), ONE_KEPT + struct.pack("<ff", 0.0, float("nan")) + b"\0")), r"range is 0\.\.nan"),
    (forged(8, ("w", WEIGHT, 0, (2,), ONE_KEPT + struct.pack("<ff", 1.0, 0.0) + b"\0")), r"range is 1\.\.0"),
    (forged(32, ("w", WEIGHT, 0, (2,), ONE_KEPT + struct.pack("<f", float("inf")))), "a weight is not finite"),
    (forged(8, A, A), "two tensors have the same name"),
    (forged(8, A, ("b", TIED, 0, (1,), struct.pack("<I", 2))), "tensor 2 does not exist"),
    (forged(8, A, ("b", TIED, 0, (1,), struct.pack("<I", 1))), "tensor 1 does not exist, or is not what"),
    (forged(8, A, ("b", TIED, 0, (2,), struct.pack("<I", 0))), "tensor 0 does not exist, or is not what"),
    (forged(8, A, ("b", TIED, 1, (1,), struct.pack("<I", 0))), "tensor 0 does not exist, or is not what"),
]


@pytest.mark.parametrize(("data", "message"), FORGERIES)
def test_a_forged_pack_is_refused_before_it_takes_memory(data, message, monkeypatch):
    """torch's memory is not traced: its zeros are counted where they are asked for."""
    zeros, asked_for = torch.zeros, []
    monkeypatch.setattr(torch, "zeros", lambda *shape, **kind: asked_for.append(shape) or zeros(*shape, **kind))
    assert len(data) < 150
    tracemalloc.start()
    with pytest.raises(PackError, match=message) as error:
        unpack(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    allowed = 2**26 if "0 weights" in message else 2**20
    assert peak <= 1.1 * allowed
    assert sum(math.prod(shape) for shape in asked_for) <= allowed
    assert "\n" not in str(error.value)


def test_who_trusts_a_pack_may_allow_more_weights_and_who_does_not_fewer():
    data = forged(8, ("w", WEIGHT, 0, (10, 10), NONE_KEPT))
    assert unpack(data, max_weights=100).state["w"].count_nonzero() == 0
    with pytest.raises(PackError, match="larger than the 99 weights"):
        unpack(data, max_weights=99)


@settings(deadline=None, max_examples=200, derandomize=True)
@given(st.binary(max_size=60), st.integers(0, 3), st.integers(1, 32))
def test_random_content_under_a_right_checksum_is_a_model_or_a_pack_error(content, num_tensors, bits):
    data = struct.pack("<4sBBIQI", b"SCLM", 1, bits, 0, 26 + len(content), num_tensors) + content
    lines = [""]
    try:
        unpack(data + struct.pack("<I", zlib.crc32(data)), max_weights=10_000)
    except PackError as error:
        lines = str(error).splitlines()
    assert len(lines) == 1


def test_what_is_no_bytes_is_refused():
    with pytest.raises(PackError, match="data is of type str: it must be bytes"):
        unpack("SCLM")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state": {"w": np.ones((1, 2))}}, "state's w is a numpy float64 array"),
        ({"bits": 0}, r"bits = 0 is outside 1\.\.32"),
        ({"model_version": -1}, r"model_version = -1 must be an integer in 0\.\."),
        ({"masks": {"v": torch.ones(1, 2, dtype=torch.bool)}}, "masks has v, which is not in the state"),
        ({"masks": {"w": torch.ones(2, dtype=torch.bool)}}, r"mask w must be bool of shape \(1, 2\)"),
        ({"state": {"w": torch.ones(1, 2).double()}}, "weight w must be float32, got torch.float64"),
        ({"state": {"w": torch.tensor([[1.0, float("inf")]])}}, "weight w is not finite"),
        ({"state": {"w": torch.ones(1, 2), "q": torch.ones(2, dtype=torch.complex128)}}, "torch.complex128"),
        ({"state": {"w": torch.ones(1, 2), "n" * 300: torch.ones(2)}}, "longer than 255 bytes"),
    ],
)
def test_what_cannot_be_packed_is_refused(change, message):
    arguments = {"state": {"w": torch.ones(1, 2)}, "bits": 8, "masks": {"w": torch.ones(1, 2, dtype=torch.bool)}}
    with pytest.raises(ValueError, match=message):
        pack(**arguments | change)
