"""Running the tools that build, and saying what goes on."""

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parents[2]
HEARTBEAT_S: Final = 5.0
LINES_SHOWN: Final = 30


def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    heartbeat: Callable[[Sequence[str]], None] | None = None,
) -> None:
    """Run a command to its end; SystemExit with its last lines when it fails.

    Args:
        command: the program and its arguments.
        env: the whole of its environment; ours when not given.
        cwd: where it runs.
        heartbeat: called every five seconds with the lines that the command has printed so far.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=None if env is None else dict(env),
        cwd=cwd,
    )
    lines: list[str] = []
    reader = threading.Thread(target=_collect, args=(process.stdout, lines), daemon=True)
    reader.start()
    while True:
        try:
            status = process.wait(timeout=HEARTBEAT_S)
        except subprocess.TimeoutExpired:
            if heartbeat is not None:
                heartbeat(tuple(lines))
            continue
        break
    reader.join()
    if status != 0:
        shown = "".join(lines[-LINES_SHOWN:])
        raise SystemExit(f"{' '.join(command)}\nended with {status}:\n{shown}")


def say(line: str) -> None:
    """One line for who waits; on standard error, since standard output is for answers."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _collect(stream: IO[str] | None, lines: list[str]) -> None:
    if stream is not None:
        with stream:
            lines.extend(stream)  # line by line: the heartbeat looks on
