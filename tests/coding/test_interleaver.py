import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib.coding.interleaver import BlockInterleaver, RandomInterleaver


def random_interleaver(n, seed):
    return RandomInterleaver(n, generator=np.random.default_rng(seed))


interleavers = st.one_of(
    st.builds(random_interleaver, st.integers(1, 200), st.integers(0, 2**32)),
    st.builds(BlockInterleaver, st.integers(1, 20), st.integers(1, 20)),
)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(interleaver=interleavers, batch=st.integers(0, 3))
def test_interleaving_is_a_bijection_of_the_last_axis(interleaver, batch):
    n = interleaver.n
    x = np.arange(batch * n, dtype=np.float32).reshape(batch, n)
    y = interleaver.forward(x)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(np.sort(y, axis=-1), x)
    np.testing.assert_array_equal(y, x[:, interleaver.permutation])
    np.testing.assert_array_equal(interleaver.inverse(y), x)
    np.testing.assert_array_equal(interleaver.forward(interleaver.inverse(x)), x)


def test_block_interleaver_writes_rows_and_reads_columns():
    written = np.array([0, 1, 2, 3, 4, 5])
    assert BlockInterleaver(2, 3).forward(written).tolist() == [0, 3, 1, 4, 2, 5]


@settings(deadline=None, max_examples=50, derandomize=True)
@given(rows=st.integers(1, 20), cols=st.integers(1, 20))
def test_transposed_block_interleaver_is_the_inverse(rows, cols):
    x = np.arange(rows * cols)
    np.testing.assert_array_equal(BlockInterleaver(cols, rows).forward(x), BlockInterleaver(rows, cols).inverse(x))


@settings(deadline=None, max_examples=50, derandomize=True)
@given(rows=st.integers(1, 20), cols=st.integers(1, 20), data=st.data())
def test_block_interleaver_puts_a_burst_in_different_rows(rows, cols, data):
    """A burst of at most rows places hits each row, that is each code word of cols places, at most once."""
    interleaver = BlockInterleaver(rows, cols)
    start = data.draw(st.integers(0, (cols - 1) * rows), label="start")
    received = np.zeros(interleaver.n, np.uint8)
    received[start : start + rows] = 1
    assert interleaver.inverse(received).reshape(rows, cols).sum(axis=1).tolist() == [1] * rows


def test_random_interleaver_is_set_by_its_generator():
    x = np.arange(1000)
    first, again, other = (random_interleaver(1000, seed).forward(x) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_random_interleaver_is_uniform():
    """Each of the 3! permutations is drawn once in six."""
    generator = np.random.default_rng(3)
    drawn = [tuple(RandomInterleaver(3, generator=generator).permutation) for _ in range(6000)]
    counts = np.unique(drawn, axis=0, return_counts=True)[1]
    assert len(counts) == 6
    assert counts == pytest.approx(1000, abs=4 * np.sqrt(1000))


@pytest.mark.parametrize("x", [np.zeros((2, 5)), np.zeros(()), np.zeros((6, 2))])
def test_other_widths_are_refused(x):
    interleaver = BlockInterleaver(2, 3)
    for direction in (interleaver.forward, interleaver.inverse):
        with pytest.raises(ValueError, match=r"x has shape .*: it must be \(\.\.\., 6\)"):
            direction(x)


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="n = 0 must be an integer of at least 1"):
        random_interleaver(0, 0)
    with pytest.raises(ValueError, match="rows = 0 must be"):
        BlockInterleaver(0, 3)
    with pytest.raises(ValueError, match="cols = -1 must be"):
        BlockInterleaver(2, -1)
    with pytest.raises(ValueError, match=r"n = 2\.5 must be"):
        random_interleaver(2.5, 0)
    with pytest.raises(ValueError, match="x is of type list"):
        BlockInterleaver(1, 2).forward([1, 2])


def test_a_tensor_stays_one_with_its_gradient():
    interleaver = random_interleaver(12, 0)
    x = torch.randn(2, 3, 12, dtype=torch.complex64, requires_grad=True)
    y = interleaver.forward(x)
    assert np.array_equal(y.detach().numpy(), interleaver.forward(x.detach().numpy()))
    assert torch.equal(interleaver.inverse(y), x)
    (y.real * torch.arange(12)).sum().backward()
    assert torch.equal(x.grad.real, interleaver.inverse(torch.arange(12.0)).expand(2, 3, 12))
