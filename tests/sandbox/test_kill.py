"""The host kills a worker in time, whatever has become of the zygote between them."""

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import process
from sandbox.engine_host import Options
from sandbox.engines import EngineName
from tests.sandbox.broken import Broken, native_source
from tests.sandbox.harness import VICTIM, a_job, need

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the calls are Linux's")
LOOP = "while True:\n    pass\n"
# The zygote's group is killed with it, and who asked for that is killed when his parent dies.
LEAVE = 'LIBC.prctl(1, 0, 0, 0, 0)\nOS["setsid"]()\n'


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Broken]:
    """A broken sandbox at the level where native code may make any call."""
    need("rlimit")
    monkeypatch.setattr(process, "ZYGOTE_ANSWER_S", 1.0)
    with Broken(Options("rlimit")) as made:
        made.doctor()
        yield made


def _zygote(box: Broken) -> int:
    return box._hosts[EngineName.RESTRICTED].start().pid  # noqa: SLF001 - the process under test


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:  # noqa: PTH123
        return [int(each) for each in file.read().split()]


def _run_beside(box: Broken, body: str) -> tuple[threading.Thread, list[dict[str, Any]]]:
    results: list[dict[str, Any]] = []

    def run() -> None:
        results.extend(box.run(a_job(native_source(body)))["results"])

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


def _worker_of(zygote: int) -> int:
    """A handle of the worker that this zygote has forked to run the function."""
    while True:
        for pid in _children(zygote):
            with contextlib.suppress(ProcessLookupError):  # the compiler's, which has ended
                if os.getpgid(pid) == pid:  # it has left the zygote's group: it is the function
                    return os.pidfd_open(pid)


@pytest.mark.parametrize("blow", [signal.SIGSTOP, signal.SIGKILL])
def test_a_worker_that_has_left_its_group_is_killed_although_the_zygote_cannot(
    box: Broken, blow: signal.Signals
) -> None:
    """In Lambda a worker may signal the zygote; it must not live on by that."""
    zygote = _zygote(box)
    thread, results = _run_beside(box, LEAVE + LOOP)
    handle = _worker_of(zygote)
    os.kill(zygote, blow)
    thread.join()
    watch = select.poll()
    watch.register(handle, select.POLLIN)
    assert watch.poll(5000)  # readable: it has ended
    os.close(handle)
    assert results[0]["outcome"] == "timed_out"
    assert box.run(a_job(VICTIM))["results"][0]["outcome"] == "returned"


def test_a_worker_that_is_traced_by_its_zygote_is_reaped_all_the_same(box: Broken) -> None:
    """Who is traced reports each stop to its tracer, and that is not its end."""
    zygote = _zygote(box)
    body = 'call("ptrace", 0, 0, 0, 0)\nOS["kill"](OS["getpid"](), 19)\n' + LOOP
    assert box.run(a_job(native_source(body)))["results"][0]["outcome"] == "timed_out"
    assert box.run(a_job(VICTIM))["results"][0]["outcome"] == "returned"
    assert _zygote(box) == zygote
    until_s = time.monotonic() + 5
    while _children(zygote):  # the last one is reaped while we go on
        assert time.monotonic() < until_s


def test_no_memory_is_shared_between_workers() -> None:
    """What the zygote maps as shared, each worker could write for all that come after it."""
    if os.getuid() != 0:
        pytest.skip("NOT TESTED: what the zygote maps; none but root may look into it")
    with Broken(Options("auto")) as box:
        box.doctor()
        with open(f"/proc/{_zygote(box)}/maps", encoding="utf-8") as file:  # noqa: PTH123
            assert [line for line in file if line.split()[1].startswith("rw-s")] == []
