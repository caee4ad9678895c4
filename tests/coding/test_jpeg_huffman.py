import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from semcom_lib.coding.jpeg import Jpeg
from semcom_lib.coding.jpeg_huffman import MAX_CODE_LENGTH, NUM_SYMBOLS, ScanLayout, num_bits, optimal_lengths
from semcom_lib.coding.prefix_code import PrefixCode

CODES = [
    Jpeg(1, (28, 28)),
    Jpeg(60, (28, 28)),
    Jpeg(80, (45, 67)),
    Jpeg(98, (32, 32, 3)),
    Jpeg(90, (32, 32, 3), "4:2:2"),
    Jpeg(80, (45, 67, 3), "4:2:2"),
    Jpeg(75, (45, 67, 3)),
    Jpeg(90, (32, 32, 3), "4:4:4"),
]


def image(shape, roughness, seed=0):
    """A slope and noise of a standard deviation: uint8."""
    slope = np.add.outer(np.arange(shape[0]), np.arange(shape[1])) * 2.0
    noisy = slope.reshape(*shape[:2], *[1 for _ in shape[2:]]) + np.random.default_rng(seed).normal(0, roughness, shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def optimised_scan_bits(code, sent):
    """Those of the file that libjpeg writes with tables of its own for this image."""
    file = io.BytesIO()
    options = {"quality": code.quality, "subsampling": code.subsampling, "optimize": True}
    Image.fromarray(sent).save(file, "JPEG", **options)
    content = file.getvalue()
    start, marker = 2, None
    while marker != 0xDA:
        marker = content[start + 1]
        start += 2 + int.from_bytes(content[start + 2 : start + 4])
    return 8 * len(content[start:-2].replace(b"\xff\x00", b"\xff"))


def lengths_of(counts):
    return np.stack([optimal_lengths(table) for table in counts])


def standard_lengths(code):
    """Of the tables in a header, by T.81's DHT segments alone."""
    lengths = np.zeros((4, NUM_SYMBOLS), np.int64)
    for key, (start, sizes) in _tables(code.header).items():
        symbols = np.frombuffer(code.header[start : start + sum(sizes)], np.uint8)
        lengths[key, symbols] = np.repeat(np.arange(1, 17), sizes)
    return lengths


def _tables(header):
    found, at = {}, 2
    while at < len(header):
        end = at + 2 + int.from_bytes(header[at + 2 : at + 4])
        inside = at + 4
        while header[at + 1] == 0xC4 and inside < end:
            sizes = list(header[inside + 1 : inside + 17])
            found[2 * (header[inside] & 15) + (header[inside] >> 4)] = (inside + 17, sizes)
            inside += 17 + sum(sizes)
        at = end
    return found


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("roughness", [0.0, 10.0, 80.0])
def test_symbols_with_the_standard_words_are_the_scan(code, roughness):
    scan = code.encode(image(code.shape, roughness))
    counts = ScanLayout.of(code.header).counts(scan)
    assert num_bits(counts, standard_lengths(code)) == len(scan)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("roughness", [0.0, 10.0, 80.0])
def test_own_tables_of_one_image_give_the_scan_that_libjpeg_optimises(code, roughness):
    sent = image(code.shape, roughness)
    counts = ScanLayout.of(code.header).counts(code.encode(sent))
    assert num_bits(counts, lengths_of(counts)) == optimised_scan_bits(code, sent)


def test_words_that_would_exceed_16_bits_are_shortened_as_by_libjpeg():
    code = Jpeg(100, (512, 512))
    generator = np.random.default_rng(0)
    deviations = np.kron(generator.pareto(3, (64, 64)), np.ones((8, 8)))  # rough blocks are rare, rougher ones rarer
    sent = np.clip(128 + deviations * generator.normal(size=code.shape), 0, 255).astype(np.uint8)
    counts = ScanLayout.of(code.header).counts(code.encode(sent))
    lengths = lengths_of(counts)
    assert lengths.max() == MAX_CODE_LENGTH
    unlimited = PrefixCode([1, *counts[1][counts[1] > 0].tolist()])
    assert unlimited.lengths.max() > MAX_CODE_LENGTH
    assert num_bits(counts, lengths) == optimised_scan_bits(code, sent)


def test_legal_symbols_are_those_of_annex_k():
    legal = ScanLayout.of(Jpeg(75, (32, 32, 3)).header).legal
    assert legal.sum(axis=1).tolist() == [12, 162, 12, 162]
    assert set(np.flatnonzero(legal[0])) == set(range(12))
    assert {0x00, 0xF0, 0x01, 0xFA} <= set(np.flatnonzero(legal[1]))
    assert not legal[1, [0x10, 0xE0, 0x0B]].any()


@settings(deadline=None, max_examples=60, derandomize=True)
@given(counts=st.lists(st.integers(0, 2**40), min_size=2, max_size=NUM_SYMBOLS))
def test_lengths_leave_the_word_of_ones_free_and_are_near_the_best_code(counts):
    counts = np.array(counts + [0] * (NUM_SYMBOLS - len(counts)))
    lengths = optimal_lengths(counts)
    assert ((lengths > 0) == (counts > 0)).all()
    used = lengths[counts > 0]
    assert lengths.max() <= MAX_CODE_LENGTH
    assert (2.0**-used).sum() <= 1 - 2.0**-MAX_CODE_LENGTH
    if (counts > 0).sum() > 1:
        best = PrefixCode(counts[counts > 0].tolist())
        assert counts @ lengths >= counts[counts > 0] @ best.lengths


@pytest.mark.parametrize("number", range(4))
def test_few_symbols_have_the_shortest_words(number):
    counts = np.zeros(NUM_SYMBOLS, np.int64)
    counts[:number] = 5
    assert sorted(optimal_lengths(counts)[:number]) == [[], [1], [1, 2], [2, 2, 2]][number]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda scan: np.ones(4000, np.uint8), "a word that no table has"),
        (lambda scan: scan[:-40], "ends before its last"),
    ],
)
def test_a_scan_that_cannot_be_read_is_refused_in_one_line(change, message):
    code = Jpeg(60, (28, 28))
    with pytest.raises(ValueError, match=message) as error:
        ScanLayout.of(code.header).counts(change(code.encode(image((28, 28), 10.0))))
    assert "\n" not in str(error.value)
