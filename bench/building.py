"""Measures what `sam build` takes when nothing has changed, and how large what it makes is."""

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.report import Row
from infra.build.sizes import MAX_ZIPPED_BYTES, sizes
from infra.local.place import CLOUD_VENV, ROOT

# One function stands for all that have the same bundle.
BUNDLES: Final = {
    "bundle of the functions": "FanoutFunction",
    "bundle of the sandbox, with both engines": "SandboxFunction",
    "layer of what the functions import": "DependenciesLayer",
    "layer of the warehouse": "WarehouseLayer",
}
LIMIT_S: Final = 15.0


def measure() -> Iterator[Row]:
    """The build for Lambda, twice: the first one fills the cache of bundles."""
    with tempfile.TemporaryDirectory() as place:
        _build(Path(place))
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        _build(Path(place))
        took_s = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        yield Row(
            what="`sam build`, nothing changed: time / CPU of all its processes",
            value=f"{took_s:.1f} / {cpu_s:.1f} s",
            how=f"for Lambda, all functions and layers; at most {LIMIT_S:.0f} s on an idle machine;"
            f" here the load was {os.getloadavg()[0]:.0f}",
        )
        for what, name in BUNDLES.items():
            [made] = [path for path in Path(place).rglob(name) if path.is_dir()]
            weight = sizes(made)
            yield Row(
                what=f"{what}, zipped / unpacked",
                value=f"{weight.zipped / 1e6:.1f} / {weight.unzipped / 1e6:.1f} MB",
                how=f"at most {MAX_ZIPPED_BYTES >> 20} MB zipped",
            )


def _build(place: Path) -> None:
    subprocess.run(  # noqa: S603 - the project's own template
        [str(CLOUD_VENV / "bin" / "sam"), "build", "--build-dir", str(place)],
        cwd=ROOT,
        env={**os.environ, "SAM_CLI_TELEMETRY": "0"},
        check=True,
        capture_output=True,
    )
