"""Ending a process of the local cloud."""

import os
import signal
import sys
from pathlib import Path

import pytest

from infra.local import processes
from infra.local.processes import Running

# A leader with a child in a group of its own, which takes no SIGTERM; it says the child's number.
LEADER = """
import os, signal, sys, time
child = os.fork()
if not child:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print(os.getpid(), flush=True)
    time.sleep(60)
    os._exit(0)
time.sleep(60)
"""


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="sessions are read from /proc"
)


def a_leader(folder: Path) -> tuple[Running, int]:
    """Such a leader, whose HOME is the folder, and its child's number."""
    log = folder / "log"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    running = processes.start(
        "leader", [sys.executable, "-c", LEADER], env=environment, cwd=folder, log=log
    )
    return running, int(
        processes.wait_until(lambda: log.read_text().strip() or None, of=running, timeout_s=30)
    )


@needs_proc
def test_what_a_process_has_started_is_gone_when_it_is_stopped(tmp_path: Path) -> None:
    """A sandbox makes groups of its own, and a port that is held would fail the next start."""
    running, child = a_leader(tmp_path)

    processes.stop(running)

    assert processes.started_at(child) == ""
    assert not running.alive


@needs_proc
def test_what_a_killed_process_has_left_behind_is_ended_too(tmp_path: Path) -> None:
    """The workers of an emulator that was killed would go on writing to the next one."""
    running, child = a_leader(tmp_path)
    os.kill(running.pid, signal.SIGKILL)
    assert processes.started_at(child)

    processes.stop(running)

    assert processes.started_at(child) == ""
    assert not running.alive


@needs_proc
def test_a_process_that_nobody_wrote_down_is_found_by_its_home(tmp_path: Path) -> None:
    """Whoever is killed between starting it and writing it down would leave it on its port."""
    running, _ = a_leader(tmp_path)

    [found] = processes.at_home(tmp_path)
    assert (running.pid, running.started) == (found.pid, found.started)
    assert [] == processes.at_home(tmp_path / "another")
    processes.stop(found)

    assert [] == processes.at_home(tmp_path)
