"""Runs a suite again whenever a file that it reads has changed."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

POLL_S: Final = 0.5  # how soon a change is noticed
_WATCHED: Final = (".py", ".json", ".toml", ".yaml", ".yml")
# Path → time of the last change in ns, and size in bytes.
Snapshot: TypeAlias = Mapping[str, tuple[int, int]]


def watch(
    suite: Callable[[], int],
    root: Path,
    *,
    wait: Callable[[float], object],
    announce: Callable[[], object],
) -> int:
    """Run the suite now and after each change, until somebody presses Ctrl-C.

    Args:
        suite: runs it, and gives an exit code.
        root: the folder whose files are watched.
        wait: waits for so many seconds.
        announce: says that the watching begins, after each run.

    Returns:
        The exit code of the last run that has ended; 0 when there was none.
    """
    code = 0
    try:
        while True:
            before = snapshot(root)  # so a change during the run leads to another
            code = suite()
            announce()
            while snapshot(root) == before:
                wait(POLL_S)
    except KeyboardInterrupt:
        return code


def snapshot(root: Path) -> Snapshot:
    """When each watched file in this folder and below it was changed."""
    seen: dict[str, tuple[int, int]] = {}
    for place, below, names in os.walk(root):
        below[:] = [name for name in below if not name.startswith(".")]
        for name in names:
            if name.endswith(_WATCHED):
                _see(os.path.join(place, name), seen)  # noqa: PTH118 - os.walk gives texts
    return seen


def _see(path: str, seen: dict[str, tuple[int, int]]) -> None:
    try:
        status = os.stat(path)  # noqa: PTH116 - as above
    except OSError:  # an editor has just taken it away; the next look sees what it put there
        return
    seen[path] = (status.st_mtime_ns, status.st_size)
