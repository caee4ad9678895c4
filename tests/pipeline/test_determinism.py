"""Portable mode: each package takes up the one instruction set that it was told, which none says when it does not; and memory."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from semcom_lib import paths
from semcom_lib.pipeline.determinism import PORTABLE, variables

ONE_OF_EACH = """
import numpy, torch
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
print("numpy", *(name for name in __cpu_dispatch__ if __cpu_features__[name]))
print("torch", torch.backends.cpu.get_cpu_capability())
torch.ones(8, 8) @ torch.ones(8, 8)
torch.conv2d(torch.ones(8, 64, 8, 8), torch.ones(64, 64, 3, 3))
"""


@pytest.fixture(scope="module")
def told():
    """What the packages say of themselves in portable mode."""
    environment = {**os.environ, **PORTABLE, "MKL_VERBOSE": "1", "ONEDNN_VERBOSE": "1"}
    argv = [sys.executable, "-c", ONE_OF_EACH]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()


def test_torch_and_numpy_leave_out_avx_512(told):
    assert "torch AVX2" in told
    assert "numpy X86_V3" in told


def test_mkl_takes_the_branch_that_all_processors_share(told):
    products = [line for line in told if "SGEMM" in line]
    assert products
    assert all("CNR:COMPATIBLE" in line for line in products)


def test_onednn_convolves_without_avx_512(told):
    (convolution,) = [line for line in told if "exec,cpu,convolution" in line]
    assert "jit:avx2," in convolution


HUGE_PAGES, ROLLUP = Path("/sys/kernel/mm/transparent_hugepage/enabled"), Path("/proc/self/smaps_rollup")
ASKED_FOR_SINCE = (2, 35)  # by this release of glibc
HOW_MUCH_IS_IN_HUGE_PAGES = """
import torch
x = torch.ones(2**26)
print(*(line.split()[1] for line in open("/proc/self/smaps_rollup") if line.startswith("AnonHugePages")))
"""


def asks_for_huge_pages():
    """Whether the kernel gives them to who asks, says who has them, and the C library can ask."""
    library, release = platform.libc_ver()
    can_ask = library == "glibc" and tuple(map(int, release.split(".")[:2])) >= ASKED_FOR_SINCE
    return can_ask and ROLLUP.is_file() and HUGE_PAGES.is_file() and "[never]" not in HUGE_PAGES.read_text()


@pytest.mark.skipif(not asks_for_huge_pages(), reason="this system has no huge pages for who asks")
def test_large_tensors_come_in_huge_pages():
    """256 MB, most of them; a fault for each of 65,536 small pages would take longer than to fill them."""
    environment = {**os.environ, **variables({"threads": 1}, paths.ROOT)}
    argv = [sys.executable, "-c", HOW_MUCH_IS_IN_HUGE_PAGES]
    kib = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True).stdout
    assert int(kib) > 2**17
