"""Runs the programs that build, and tells the user what they are doing."""

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parents[2]
HEARTBEAT_S: Final = 5.0
LINES_SHOWN: Final = 30  # of the output of a command that failed


def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    heartbeat: Callable[[Sequence[str]], None] | None = None,
) -> None:
    """Run a command and wait for its end.

    Args:
        command: the program and its arguments.
        env: its whole environment; None gives it this process's.
        cwd: the folder that it runs in.
        heartbeat: called every five seconds with the lines that the command has printed so far.

    Raises:
        SystemExit: the command failed; the message has its last lines.
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
        last_lines = "".join(lines[-LINES_SHOWN:])
        raise SystemExit(f"{' '.join(command)}\nended with {status}:\n{last_lines}")


def say(line: str) -> None:
    """Print a line for the user who waits, on standard error: standard output is for answers."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _collect(stream: IO[str] | None, lines: list[str]) -> None:
    if stream is not None:
        with stream:
            lines.extend(stream)  # adds line by line, so that the heartbeat sees each
