"""A record of the machine, the libraries and their threads, on which figures depend."""

import os
import platform
import subprocess
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from threadpoolctl import threadpool_info

from autograd_ref.versions import installed
from manual_backprop.threads import usable_cores as cores

PACKAGES = ("numpy", "numba", "torch", "jax", "autograd", "scikit-learn", "scipy", "threadpoolctl")


AVX2 = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "OPENBLAS_CORETYPE": "Haswell",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma,+bmi,+bmi2",
}
"""Environment variables that hold NumPy, OpenBLAS, PyTorch, JAX and Numba to AVX2."""

VECTORS = {"X86_V4": "AVX-512 (X86_V4)", "X86_V3": "AVX2 (X86_V3)", "ASIMD": "NEON (ASIMD)"}
"""Vector instructions by NumPy's name for them, the widest first."""


def environment() -> dict[str, Any]:
    """Return the record in plain types."""
    libraries = cast("list[dict[str, Any]]", threadpool_info())
    return {
        "cpu": _cpu(),
        "cores": cores(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "vectors": _vectors(),
        "python": platform.python_version(),
        "packages": installed(*PACKAGES),
        "blas": [
            {key: library.get(key) for key in ("internal_api", "version", "architecture")}
            | {"threads": library["num_threads"]}
            for library in libraries
            if library["user_api"] == "blas"
        ],
        "torch threads": torch.get_num_threads(),
        "OPENBLAS_CORETYPE": os.environ.get("OPENBLAS_CORETYPE"),
        "commit": _commit(),
    }


def in_words(record: dict[str, Any]) -> str:
    """Return the record as a line or two of text."""
    vectors = ", ".join(f"{name}: {one}" for name, one in record["vectors"].items())
    blas = [f"{b['internal_api']} {b['version']} ({b['architecture']})" for b in record["blas"]]
    packages = [f"{name} {found}" for name, found in record["packages"].items()]
    cores = "1 core" if record["cores"] == 1 else f"{record['cores']} cores"
    return (
        f"{cores} of {record['cpu']}, load {record['load']}; vectors of {vectors};"
        f" Python {record['python']},"
        f" {', '.join(packages)}; BLAS: {', '.join(blas)};"
        f" OPENBLAS_CORETYPE: {record['OPENBLAS_CORETYPE'] or 'not set'};"
        f" commit {record['commit'] or 'unknown'}"
    )


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")


def _vectors() -> dict[str, str]:
    """Return the vector instructions that each library says it uses."""
    config: Any = np.show_config(mode="dicts")
    found: list[str] = config["SIMD Extensions"].get("found", [])
    known = (text for name, text in VECTORS.items() if name in found)
    report = {"NumPy": next(known, ", ".join(found) or "none found")}
    report["PyTorch"] = torch.backends.cpu.get_cpu_capability()
    if find_spec("numba"):
        host: Any = import_module("llvmlite.binding")
        report["Numba"] = os.environ.get("NUMBA_CPU_NAME") or host.get_host_cpu_name()
    return report


def _commit() -> str | None:
    """Return the commit of the measured code, with a + if the code has been changed since."""
    here = Path(__file__).parent
    try:
        command = ["git", "describe", "--always", "--dirty=+"]
        done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
