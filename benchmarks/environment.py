"""A record of the machine, the libraries and their threads, on which figures depend."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from threadpoolctl import threadpool_info

from autograd_ref.versions import installed
from manual_backprop.threads import usable_cores as cores

PACKAGES = ("numpy", "torch", "jax", "autograd", "scikit-learn", "scipy", "threadpoolctl")


def environment() -> dict[str, Any]:
    """Return the record in plain types."""
    libraries = cast("list[dict[str, Any]]", threadpool_info())
    return {
        "cpu": _cpu(),
        "cores": cores(),
        "features": _features(),
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
    avx = [name for name in record["features"] if name.startswith("AVX512")]
    vectors = "AVX-512" if avx else ", ".join(record["features"]) or "no vector features"
    blas = [f"{b['internal_api']} {b['version']} ({b['architecture']})" for b in record["blas"]]
    packages = [f"{name} {found}" for name, found in record["packages"].items()]
    cores = "1 core" if record["cores"] == 1 else f"{record['cores']} cores"
    return (
        f"{cores} of {record['cpu']}, {vectors}; Python {record['python']},"
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


def _features() -> list[str]:
    """Return the vector instructions that NumPy found."""
    config: Any = np.show_config(mode="dicts")
    return config["SIMD Extensions"].get("found", [])


def _commit() -> str | None:
    """Return the commit of the measured code, with a + if the code has been changed since."""
    here = Path(__file__).parent
    try:
        command = ["git", "describe", "--always", "--dirty=+"]
        done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
