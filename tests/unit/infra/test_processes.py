"""Ending a process of the local cloud."""

import os
import sys
import time
from pathlib import Path

import pytest

from infra.local import processes

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


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="sessions are read from /proc")
def test_what_a_process_has_started_is_gone_when_it_is_stopped(tmp_path: Path) -> None:
    """A sandbox makes groups of its own, and a port that is held would fail the next start."""
    log = tmp_path / "log"
    environment = {"PATH": os.environ["PATH"]}
    running = processes.start(
        "leader", [sys.executable, "-c", LEADER], env=environment, cwd=tmp_path, log=log
    )
    end_s = time.monotonic() + 30
    while not log.read_text().strip() and time.monotonic() < end_s:
        assert running.alive
    child = int(log.read_text())

    processes.stop(running)

    assert processes.started_at(child) == ""
    assert not running.alive
