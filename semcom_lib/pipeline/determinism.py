"""What a kernel's environment must hold so that the same inputs give the same bytes, and soon."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

PORTABLE = {  # one instruction set on every x86-64 machine; must be set before torch is imported
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_CBWR": "AVX2,STRICT",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR",
}


def variables(settings: Mapping[str, Any], root: Path) -> dict[str, str]:
    """The variables of every kernel that works in ``root``; ``settings`` are params.yaml's (threads, portable)."""
    threads = str(settings.get("threads", 1))
    fixed = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "NUMBA_NUM_THREADS": threads}
    fixed |= {"OMP_DYNAMIC": "FALSE", "MKL_DYNAMIC": "FALSE", "PYTHONHASHSEED": "0"}
    # A worker that waits looks for work for some 10 us, then leaves the core to others. Freed memory stays with the process:
    # giving it back and faulting it in again took a tenth of a training step. Together 1.5 times as many steps a second.
    fixed |= {
        "OMP_WAIT_POLICY": "PASSIVE",
        "GOMP_SPINCOUNT": "30000",
        "MALLOC_MMAP_THRESHOLD_": str(2**32),
        "MALLOC_TRIM_THRESHOLD_": str(2**34),
        "PYTHONPATH": str(root),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    return fixed | (PORTABLE if settings.get("portable") else {})
