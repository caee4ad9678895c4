"""What a kernel's environment must hold, and what it must not, so that the same inputs give the same bytes, and soon."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from semcom_lib import interactive

# One instruction set on every x86-64 machine; must be set before torch is imported. MKL takes its branches by name on Intel's
# processors only (elsewhere it falls back to AUTO without a word): COMPATIBLE is the one branch that all of them share.
PORTABLE = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}
# How the names of variables begin through which a user's own settings would reach what is computed or drawn.
SETTINGS = (
    *("PYTHON", "IPYTHON", "JUPYTER", "MPL", "MATPLOTLIB", "LC_", "LANG", "TZ"),
    *("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "BLIS_", "VECLIB_", "ATEN_", "ONEDNN_", "DNNL_"),
    *("MALLOC_", "GLIBC_"),
    *("NPY_", "NUMBA_", "TORCH_", "NVIDIA_TF32_"),
)


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` but for the user's own settings of Python, Jupyter and the packages."""
    return {name: value for name, value in environment.items() if not name.startswith(SETTINGS)}


def variables(settings: Mapping[str, Any], root: Path) -> dict[str, str]:
    """The variables of every kernel that works in ``root``; ``settings`` are params.yaml's (threads, portable, accelerator)."""
    threads = str(settings.get("threads", 1))
    fixed = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "NUMBA_NUM_THREADS": threads}
    fixed |= {"OMP_DYNAMIC": "FALSE", "MKL_DYNAMIC": "FALSE", "PYTHONHASHSEED": "0"}
    # A worker that waits looks for work for some 10 us, then leaves the core to others. Freed memory stays with the process:
    # giving it back and faulting it in again took a tenth of a training step. Together 1.5 times as many steps a second. Memory
    # comes in huge pages where the kernel has them for who asks (glibc 2.35 on): in a virtual machine, where a fault is dear, small
    # ones took a third of the step of a network whose feature maps are large.
    fixed |= {
        "OMP_WAIT_POLICY": "PASSIVE",
        "GOMP_SPINCOUNT": "30000",
        "MALLOC_MMAP_THRESHOLD_": str(2**32),
        "MALLOC_TRIM_THRESHOLD_": str(2**34),
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    }
    # In place of what stands in the user's home, or on this machine: language, time zone, packages, styles and fonts.
    fixed |= {
        "TZ": "UTC",
        "PYTHONUTF8": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONPATH": str(root),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": str(root / "build" / "matplotlib"),
    }
    if settings.get("accelerator") == "cpu":
        fixed["CUDA_VISIBLE_DEVICES"] = ""
    fixed[interactive.BY_THE_RUNNER] = "1"
    return fixed | (PORTABLE if settings.get("portable") else {})
