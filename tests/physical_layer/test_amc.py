import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from scipy.stats import binom

from semcom_lib.coding.ldpc import Ldpc5G
from semcom_lib.physical_layer.amc import AMC_TABLE, Mcs, select_mcs
from semcom_lib.physical_layer.modulation import Modulation
from semcom_lib.physical_layer.theory import capacity_bicm


def bicm_limit_db(mcs: Mcs) -> float:
    return brentq(lambda snr_db: capacity_bicm(mcs.modulation, snr_db) - mcs.spectral_efficiency, -20, 30)


def count_block_errors(mcs: Mcs, snr_db: float, num_blocks: int) -> int:
    """Blocks lost over AWGN by a 5G LDPC code of 240 information bits, a code that the table was not made for."""
    modulation, n0 = Modulation(mcs.modulation), 10 ** (-snr_db / 10)
    code = Ldpc5G(240, round(240 / mcs.code_rate), num_bits_per_symbol=modulation.num_bits_per_symbol)
    bits = np.random.default_rng(0).integers(0, 2, (num_blocks, code.k), dtype=np.uint8)
    x = modulation.modulate(code.encode(bits))
    noise = torch.randn(x.shape, dtype=x.dtype, generator=torch.Generator().manual_seed(0))
    llr = modulation.llr(x + math.sqrt(n0) * noise, n0)
    return int((code.decode(llr.numpy()) != bits).any(axis=1).sum())


def test_faster_schemes_need_more_snr():
    for slower, faster in pairwise(AMC_TABLE):
        assert slower.min_snr_db < faster.min_snr_db
        assert slower.spectral_efficiency < faster.spectral_efficiency


@pytest.mark.parametrize("mcs", AMC_TABLE)
def test_threshold_is_2_db_above_the_bicm_limit(mcs):
    assert 2.0 <= mcs.min_snr_db - bicm_limit_db(mcs) < 2.1


@pytest.mark.parametrize("mcs", AMC_TABLE)
def test_at_its_threshold_a_scheme_loses_at_most_a_tenth_of_its_blocks(mcs):
    assert count_block_errors(mcs, mcs.min_snr_db, 100) <= binom.ppf(0.999, 100, 0.1)
    assert count_block_errors(mcs, mcs.min_snr_db - 1.5, 50) > binom.ppf(0.999, 50, 0.1)


def test_each_scheme_starts_at_its_threshold():
    for slower, faster in pairwise(AMC_TABLE):
        assert select_mcs(faster.min_snr_db) == faster
        assert select_mcs(faster.min_snr_db - 1e-6) == slower
    assert select_mcs(math.inf) == AMC_TABLE[-1]


def test_below_every_threshold_the_most_robust_scheme_is_sent():
    assert select_mcs(-30.0) == AMC_TABLE[0]


def test_order_of_the_table_does_not_matter():
    for snr_db in (-10.0, 0.0, 5.0, 40.0):
        assert select_mcs(snr_db, AMC_TABLE[::-1]) == select_mcs(snr_db)


@pytest.mark.parametrize(("snr_db", "table"), [(math.nan, AMC_TABLE), (0.0, ())])
def test_bad_input_is_refused(snr_db, table):
    with pytest.raises(ValueError, match="snr_db"):
        select_mcs(snr_db, table)
