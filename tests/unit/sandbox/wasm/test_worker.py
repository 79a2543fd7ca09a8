"""The relay between the parent and the guest, and how a worker ends."""

import time

import pytest

from sandbox.engines.wasm.worker import Wasm
from tests.wasm_workers import Workers, framed, load_frame

ECHO = "def handler(event, context):\n    return event"
MEGABYTES = """
def handler(event, context):
    kept = []
    try:
        while True:
            kept.append(bytearray(1 << 20))
    except MemoryError:
        count = len(kept)
        kept.clear()
    return count
"""
DEEP = "import json\ndef handler(event, context):\n    return json.loads('[' * 1000000)"
TOO_DEEP = {"type": "RecursionError", "message": "maximum recursion depth exceeded", "frames": []}


def test_events_run_one_after_the_other_in_one_worker(workers: Workers) -> None:
    """Module state lasts for a batch, and so does the worker."""
    with workers.fork() as worker:
        worker.load("events = []\ndef handler(*_):\n    events.append(1)\n    return len(events)")
        assert [worker.run(None)["output"] for _ in range(3)] == [1, 2, 3]


def test_frames_may_come_together_or_in_pieces(workers: Workers) -> None:
    """A socket keeps the order of bytes, and nothing else."""
    load = framed(load_frame(workers.code(ECHO)))
    with workers.fork() as worker:
        runs = b"".join(framed(_run("é" * seq, seq=seq)) for seq in (1, 2, 3))
        worker.socket.sendall(load + runs)
        assert [worker.receive()["output"] for _ in range(3)] == ["é", "éé", "ééé"]
        for byte in framed(_run("slow", seq=4)):
            worker.socket.sendall(bytes([byte]))
        assert worker.receive()["output"] == "slow"


def test_a_frame_may_be_as_large_as_the_largest_event_and_result(workers: Workers) -> None:
    """Two megabytes in and one out, past every buffer on the way."""
    with workers.fork() as worker:
        worker.load("def handler(event, context):\n    return event[: (1 << 20) - 2]")
        assert worker.run("x" * (2 << 20))["output"] == "x" * ((1 << 20) - 2)


def test_what_a_function_logs_goes_out_before_its_result(workers: Workers) -> None:
    """And at once: what a killed function logged is not lost."""
    with workers.fork() as worker:
        worker.load("def handler(event, context):\n    context.log('first', n=1)\n    return 2")
        log, done = worker.run_all(None)
    assert (log["op"], log["message"], log["fields"]) == ("log", "first", {"n": 1})
    assert (log["seq"], done["seq"], done["output"]) == (1, 1, 2)


def test_a_call_waits_for_the_answer_of_the_parent(workers: Workers) -> None:
    """The frame goes out as the guest wrote it, and the answer comes back as it was sent."""
    with workers.fork() as worker:
        worker.load("def handler(event, context):\n    return context.secret('TOKEN')")
        worker.socket.sendall(framed(_run(None, seq=1)))
        asked = worker.receive()
        assert (asked["op"], asked["name"], asked["seq"]) == ("secret", "TOKEN", 1)
        worker.socket.sendall(framed({"op": "answer", "value": "s3cret"}))
        assert worker.receive()["output"] == "s3cret"


def test_a_sleep_is_slept_in_the_worker(workers: Workers) -> None:
    """The parent hears nothing of it, and its wall clock goes on."""
    with workers.fork() as worker:
        worker.load(
            "import time\ndef handler(event, context):\n    time.sleep(0.05)\n    return 'up'"
        )
        begun = time.monotonic()
        assert [frame["op"] for frame in worker.run_all(None)] == ["done"]
        assert time.monotonic() - begun >= 0.05


@pytest.mark.parametrize("seconds", [-1, 0])
def test_a_sleep_of_no_time_is_none(workers: Workers, seconds: int) -> None:
    """Whatever the guest asks for, the worker lives."""
    with workers.fork() as worker:
        worker.load(
            f"import time\ndef handler(event, context):\n    time.sleep({seconds})\n    return 1"
        )
        assert worker.run(None)["outcome"] in {"returned", "raised"}


def test_memory_beyond_the_limit_is_a_memory_error_inside(workers: Workers) -> None:
    """The function may catch it and go on; another job may have another limit."""
    counts = []
    for megabytes in (16, 64):
        with workers.fork(memory_bytes=megabytes << 20) as worker:
            worker.load(MEGABYTES)
            first, second = worker.run(None)["output"], worker.run(None)["output"]
            assert second >= first - 2
            counts.append(first)
    assert 46 <= counts[1] - counts[0] <= 50


def test_a_function_gets_no_more_than_its_limit_and_what_the_guest_had(
    workers: Workers, engine: Wasm
) -> None:
    """The limit counts from what the warmed guest has, as the kernel's own record shows it."""
    with workers.fork(memory_bytes=16 << 20) as worker:
        worker.load(MEGABYTES)
        most_bytes = worker.run(None)["output"] << 20
    assert 8 << 20 <= most_bytes <= (16 << 20) + engine.base_bytes
    assert engine.base_bytes % (64 << 10) == 0


def test_a_stack_that_is_used_up_is_a_recursion_error_and_the_end(workers: Workers) -> None:
    """As in CPython for the user; the guest may not be entered again."""
    with workers.fork() as worker:
        worker.load(DEEP)
        done = worker.run(None)
        outcome = {"outcome": "raised", "error": TOO_DEEP, "last": True}
        assert done == {"op": "done", "seq": 1, **outcome}
        assert worker.exit_status() == 1


def test_a_module_that_uses_up_the_stack_is_a_recursion_error_of_its_first_event(
    workers: Workers,
) -> None:
    """A load answers nothing, so the run behind it does."""
    with workers.fork() as worker:
        worker.load("import json\njson.loads('[' * 1000000)\ndef handler(event):\n    return 1")
        done = worker.run(None)
        assert (done["outcome"], done["seq"], done["error"]) == ("raised", 1, TOO_DEEP)
        assert worker.exit_status() == 1


def test_a_source_that_uses_up_the_compilers_stack_is_a_finding(workers: Workers) -> None:
    """It is the author's to mend, and no failure of the check."""
    with workers.fork(kind="compile") as worker:
        source = f"total = {'+'.join(['1'] * 32000)}"
        worker.socket.sendall(framed({"op": "compile", "seq": 3, "source": source}))
        answer = worker.receive()
        assert (answer["op"], answer["seq"], answer["code"]) == ("compiled", 3, "")
        assert [finding["severity"] for finding in answer["findings"]] == ["error"]
        assert "nested" in answer["findings"][0]["message"]


def test_a_worker_ends_when_its_parent_is_gone(workers: Workers) -> None:
    """At once, and as a thing that is well."""
    with workers.fork() as worker:
        worker.load(ECHO)
        assert worker.run("here")["output"] == "here"
        worker.socket.shutdown(1)
        assert worker.exit_status() == 0


def test_the_version_changes_with_the_guest(engine: Wasm) -> None:
    """Code that one guest compiled is opened by no other."""
    digest, _, python = engine.version.partition("/")
    assert len(digest) == 16
    assert python.startswith("3.14.")


def _run(event: object, *, seq: int) -> dict[str, object]:
    deadline_ms = int(time.time() * 1000) + 10_000
    return {
        "op": "run", "seq": seq, "run_id": "run_1", "event": event, "profile": None,
        "wall_s": 10.0, "deadline_ms": deadline_ms,
    }  # fmt: skip
