"""Starting, recognising and stopping the processes of the local cloud."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from runtime.errors import Transient

POLL_S: Final = 0.05
TERMINATE_S: Final = 2.0  # what they hold is thrown away in any case


class StartFailed(Transient):
    """A process of the local cloud ended, or did not answer in time."""

    code = "local_start_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A process that we started; the start time tells it from a later one of the same id."""

    name: str
    pid: int
    started: str
    log: Path

    def to_json(self) -> dict[str, Any]:
        """For the state file."""
        return {"name": self.name, "pid": self.pid, "started": self.started, "log": str(self.log)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Running":
        """From the state file."""
        log = Path(str(raw["log"]))
        return cls(name=str(raw["name"]), pid=int(raw["pid"]), started=str(raw["started"]), log=log)

    @property
    def alive(self) -> bool:
        """Whether it is still there, and is itself."""
        _reap(self.pid)
        return self.started != "" and started_at(self.pid) == self.started

    def told(self) -> dict[str, Any]:
        """For people: what it is, and whether it is there."""
        return {"name": self.name, "pid": self.pid, "alive": self.alive}

    def tail(self, lines: int = 20) -> str:
        """The last lines of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def start(
    name: str, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path
) -> Running:
    """Start a process in a session of its own, so that it and its children stop together."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Running(name=name, pid=process.pid, started=started_at(process.pid), log=log)


def stop(running: Running) -> None:
    """Ask it and its children to end, then end them; harmless when they are gone."""
    if not running.alive:
        return
    for sign in (signal.SIGTERM, signal.SIGKILL):
        _signal_group(running.pid, sign)
        if _wait(lambda: _group_is_gone(running.pid), timeout_s=TERMINATE_S):
            return
    raise StartFailed(f"process {running.pid} ({running.name}) does not end")


def wait_until(ready: Callable[[], str | None], *, of: Running, timeout_s: float) -> str:
    """What `ready` answers once it answers anything.

    Raises:
        StartFailed: the process ended first, or the time is over; carries the end of its log.
    """
    answers: list[str] = []

    def answered() -> bool:
        answer = ready()
        if answer is not None:
            answers.append(answer)
        return bool(answers) or not of.alive

    _wait(answered, timeout_s=timeout_s)
    if answers:
        return answers[0]
    fate = f"did not answer in {timeout_s:.0f} s" if of.alive else "ended"
    raise StartFailed(f"{of.name} {fate}; its log ends with:\n{of.tail()}")


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started_at(pid: int) -> str:
    """When a process started, in the system's own words; empty when there is none."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] == "Z" else fields[19]
    done = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)],  # noqa: S607 - where ps is differs
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()


def _wait(done: Callable[[], bool], *, timeout_s: float) -> bool:
    tick = threading.Event()  # nothing tells us when a process that is not our child ends
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if done():
            return True
        tick.wait(POLL_S)
    return done()


def _signal_group(pid: int, sign: signal.Signals) -> None:
    try:
        os.killpg(pid, sign)
    except ProcessLookupError:
        return


def _group_is_gone(pid: int) -> bool:
    _reap(pid)
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # started by another process: init reaps it
