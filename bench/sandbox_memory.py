"""Measures the memory of an engine's processes: the zygote at rest, and a worker during a run."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bench.report import Row
from sandbox.engines import EngineName
from sandbox.host import Sandbox

_MB: Final = 1024  # in KiB, which the kernel counts in
_LINE: Final = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)
_SPIN_S: Final = 1.0
SPINNING: Final = "def handler(event):\n    while True:\n        pass\n"


def measure(box: Sandbox, engine: EngineName, job: dict[str, Any]) -> Iterator[Row]:
    """Resident memory, and memory that the process has written. The row says if it is unknown."""
    zygote = box.zygote_pid(engine)
    yield _row(f"memory of the zygote, {engine}", _held(zygote))
    spin = {**job, "source": SPINNING, "limits": {"wall_s": _SPIN_S}, "events": job["events"][:1]}
    running = threading.Thread(target=box.run, args=(spin,))
    running.start()
    try:
        yield _row(f"memory of a worker in a run, {engine}", _held(_child_of(zygote)))
    finally:
        running.join()


def _child_of(pid: int) -> int:
    """The id of the process that this one forks next, as soon as it runs; 0 if none does."""
    children_file = Path(f"/proc/{pid}/task/{pid}/children")
    deadline_s = time.monotonic() + _SPIN_S
    while time.monotonic() < deadline_s:
        children = children_file.read_text().split() if children_file.exists() else []
        if children and _cpu_ticks(children[0]) > 0:
            return int(children[0])
    return 0


def _cpu_ticks(pid: str) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])
    except OSError:
        return 0


def _held(pid: int) -> dict[str, int]:
    """The sizes in the kernel's smaps_rollup, in KiB, by their names there; empty if hidden."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return {}
    return {name: int(size) for name, size in _LINE.findall(text)}


def _row(title: str, sizes: dict[str, int]) -> Row:
    if not sizes:
        return Row(what=title, value="not told", how="the kernel shows it to root on Linux only")
    value = f"{sizes['Rss'] / _MB:.0f} MB, {sizes['Private_Dirty'] / _MB:.1f} MB its own"
    return Row(what=title, value=value, how="resident; its own is what it has written itself")
