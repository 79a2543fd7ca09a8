"""Starts, recognises and stops the processes of the local cloud."""

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
TERMINATE_S: Final = 2.0  # before they are killed, when nobody wants what they could still write
KILL_S: Final = 20.0  # for the system to end what it was told to kill, on a machine that is busy


# The processes that this process has started, and must reap. Init reaps those of other commands.
_children: Final[dict[int, "subprocess.Popen[bytes]"]] = {}


class StartFailed(Transient):
    """A process of the local cloud failed, or did not answer in time."""

    code = "local_start_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A process of the local cloud."""

    name: str
    pid: int
    started: str  # when it started, as `started_at` says; tells it from a later one with its id
    log: Path

    def to_json(self) -> dict[str, Any]:
        """The process as an object of the state file."""
        return {"name": self.name, "pid": self.pid, "started": self.started, "log": str(self.log)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Running":
        """The process of such an object."""
        log = Path(str(raw["log"]))
        return cls(name=str(raw["name"]), pid=int(raw["pid"]), started=str(raw["started"]), log=log)

    @property
    def alive(self) -> bool:
        """Whether it runs, and is not another process with the same id."""
        _reap(self.pid)
        return self.started != "" and started_at(self.pid) == self.started

    def summary(self) -> dict[str, Any]:
        """Its name, its id and whether it runs, as `penstock local status` shows them."""
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
    _children[process.pid] = process
    return Running(name=name, pid=process.pid, started=started_at(process.pid), log=log)


def stop(running: Running, *, grace_s: float = TERMINATE_S) -> None:
    """End a process and what it has started: by SIGTERM, then by SIGKILL; waits for all of them.

    It leads a session, which its descendants belong to even if they have made groups of their own,
    and even after it was killed itself.

    Args:
        running: the process; it may have ended.
        grace_s: how long after SIGTERM they are killed.

    Raises:
        StartFailed: they run even after that.
    """
    if not running.alive and not _left_by(running):
        return
    for sign, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, KILL_S)):
        _signal_group(running.pid, sign)
        for pid in _session(running.pid):
            _signal(pid, sign)
        if _wait(lambda: _is_gone(running.pid), timeout_s=wait_s):
            return
    raise StartFailed(f"process {running.pid} ({running.name}) does not end")


def wait_until(ready: Callable[[], str | None], *, of: Running, timeout_s: float) -> str:
    """Wait until `ready` answers, and give its answer.

    Args:
        ready: gives None until it has an answer.
        of: the process that is to become ready.
        timeout_s: how long to wait.

    Raises:
        StartFailed: the process has ended, or the time is over; the message ends with its log.
    """
    answers: list[str] = []

    def has_answered_or_ended() -> bool:
        answer = ready()
        if answer is not None:
            answers.append(answer)
        return bool(answers) or not of.alive

    _wait(has_answered_or_ended, timeout_s=timeout_s)
    if answers:
        return answers[0]
    fate = f"did not answer in {timeout_s:.0f} s" if of.alive else "ended"
    raise StartFailed(f"{of.name} {fate}; its log ends with:\n{of.tail()}")


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def need_free(port: int) -> None:
    """See that a loopback port can be listened on.

    Raises:
        StartFailed: another program has it.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else its last calls count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            raise StartFailed(
                f"port {port}, where the local cloud listened, is in use by another program; end "
                "that, or empty the local cloud by `penstock local reset`"
            ) from problem


def started_at(pid: int) -> str:
    """When a process started, in the operating system's format; empty if it does not run."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] == "Z" else fields[19]
    process = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)],  # noqa: S607 - where ps is differs
        capture_output=True,
        text=True,
        check=False,
    )
    return process.stdout.strip()


def _wait(condition: Callable[[], bool], *, timeout_s: float) -> bool:
    tick = threading.Event()  # a process that is not our child gives no signal when it ends
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        tick.wait(POLL_S)
    return condition()


def _signal_group(pid: int, sign: signal.Signals) -> None:
    try:
        os.killpg(pid, sign)
    except ProcessLookupError:
        return


def _signal(pid: int, sign: signal.Signals) -> None:
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        return


def _is_gone(pid: int) -> bool:
    """Whether the group and the session of this leader have nobody any more."""
    _reap(pid)
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return not _session(pid)
    return False


def at_home(home: Path) -> list[Running]:
    """The processes that lead a session and have this HOME; none where the system has no /proc.

    Whoever is killed after it has started a process has written its number nowhere.
    """
    wanted, log = b"HOME=" + os.fsencode(home), Path(os.devnull)
    leaders = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        pid = int(environment.parent.name)
        try:
            is_ours = wanted in environment.read_bytes().split(b"\0") and os.getsid(pid) == pid
        except OSError:  # it is another user's, or has ended meanwhile
            continue
        if is_ours:
            leaders.append(
                Running(name=f"process {pid}", pid=pid, started=started_at(pid), log=log)
            )
    return leaders


def _left_by(ended: Running) -> list[int]:
    """What runs on of the session of a process that has ended."""
    # While any of them runs, the system gives nobody the leader's number. Whoever has it now is a
    # stranger, and then nobody is left.
    return [] if started_at(ended.pid) else _session(ended.pid)


def _session(leader: int) -> list[int]:
    """The processes of a session that have not ended; none where the system has no /proc."""
    members: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session, *_ = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if state != "Z" and int(session) == leader:
            members.append(int(stat.parent.name))
    return members


def _reap(pid: int) -> None:
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]
