"""Measures the init time of each function from its bundle."""

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.deployed import Deployed, functions
from bench.report import Row
from infra.demo.stage import Stage
from infra.local.place import Place

FRESH_PROCESSES: Final = 7
LAYERS: Final = ("DependenciesLayer", "WarehouseLayer")
# Imports the handler's module, as Lambda does at a cold start. During the import the modules build
# their stores, if the variables say that this is Lambda.
IMPORT: Final = """
import importlib, sys, time
sys.path[:0] = sys.argv[2:]
began = time.perf_counter()
importlib.import_module(sys.argv[1])
print((time.perf_counter() - began) * 1000)
"""


def measure(stage: Stage) -> Iterator[Row]:
    """The median over new processes, for each function."""
    for function in functions(stage):
        samples = [_init_ms(function) for _ in range(FRESH_PROCESSES)]
        yield Row(
            what=f"init of `{function.module}`",
            value=f"{statistics.median(samples):.0f} ms",
            how=f"import of the built bundle, median of {FRESH_PROCESSES} fresh processes",
        )


def _init_ms(function: Deployed) -> float:
    own = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    # This Python and not the emulator's: that one has awscrt and pyOpenSSL, which botocore imports
    # in 50 ms. Lambda's own Python has neither.
    process = subprocess.run(  # noqa: S603 - our own bundle
        [sys.executable, "-I", "-c", IMPORT, function.module, *_paths(function.module)],
        env={**own, **function.variables, "AWS_LAMBDA_FUNCTION_NAME": "bench"},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(process.stdout.splitlines()[-1])


def _paths(module: str) -> list[str]:
    name = "SandboxFunction" if module.startswith("sandbox") else "FanoutFunction"
    layers = [Place().build / layer / "python" for layer in LAYERS]
    return [str(_bundle(name)), *(str(layer) for layer in _existing(layers))]


def _bundle(name: str) -> Path:
    [bundle] = [path for path in Place().build.rglob(name) if path.is_dir()][:1]
    return bundle


def _existing(paths: list[Path]) -> list[Path]:
    return [path for path in paths if path.is_dir()]
