"""What the processes of an engine hold: the zygote at rest, and a worker in the middle of a run."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bench.report import Row
from sandbox.engines import EngineName
from sandbox.host import Sandbox

_MB: Final = 1024  # of the kernel's kB
_LINE: Final = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)
_SPIN_S: Final = 1.0
SPINNING: Final = "def handler(event):\n    while True:\n        pass\n"


def measure(box: Sandbox, engine: EngineName, job: dict[str, Any]) -> Iterator[Row]:
    """Resident and dirtied memory; a row that says so where the kernel does not tell."""
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
    """The process that this one has forked, once it has been forked and runs."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    deadline_s = time.monotonic() + _SPIN_S
    while time.monotonic() < deadline_s:
        children = listed.read_text().split() if listed.exists() else []
        if children and _cpu_ticks(children[0]) > 0:
            return int(children[0])
    return 0


def _cpu_ticks(pid: str) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])
    except OSError:
        return 0


def _held(pid: int) -> dict[str, int]:
    """Kilobytes by the names of the kernel's own roll-up."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return {}
    return {name: int(size) for name, size in _LINE.findall(text)}


def _row(what: str, held: dict[str, int]) -> Row:
    if not held:
        return Row(what=what, value="not told", how="the kernel shows it to root on Linux only")
    value = f"{held['Rss'] / _MB:.0f} MB, {held['Private_Dirty'] / _MB:.1f} MB its own"
    return Row(what=what, value=value, how="resident; its own is what it has written itself")
