"""The whole authority of a guest: two clocks, randomness, and frames to its parent."""

import time
from collections.abc import Callable

import pytest

from sandbox.engines.wasm import binding
from tests.wasm_components import NOTHING, Component, Import
from tests.wasm_workers import Workers

Make = Callable[[Component], binding.Guest]
_LISTS = ("wasi:cli/environment", "get-environment", "(result (list (tuple string string)))")
OURS = [
    ("wasi:random/random", "get-random-u64", "(result u64)", "(result i64)"),
    ("wasi:clocks/monotonic-clock", "now", "(result u64)", "(result i64)"),
    ("wasi:clocks/monotonic-clock", "resolution", "(result u64)", "(result i64)"),
    ("wasi:cli/environment", "get-arguments", "(result (list string))", "(param i32)"),
    ("wasi:cli/environment", "initial-cwd", "(result (option string))", "(param i32)"),
    (*_LISTS, "(param i32)"),
]
NOT_OURS = [
    ("wasi:cli/stdout", "get-stdout"),
    ("wasi:cli/exit", "exit"),
    ("wasi:clocks/monotonic-clock", "subscribe-instant"),
    ("wasi:sockets/instance-network", "instance-network"),
    ("wasi:random/insecure-seed", "insecure-seed"),
]
REACHES = {
    "a stream": "import os\ndef handler(event, context):\n    os.write(1, b'x')",
    "the end of the process": "import posix\ndef handler(event, context):\n    posix._exit(0)",
    "an abort": "import posix\ndef handler(event, context):\n    posix.abort()",
    "a socket": "import _socket\ndef handler(event, context):\n    _socket.socket()",
    "its input": "import posix\ndef handler(event, context):\n    posix.read(0, 1)",
}
DRAWS = """
import os, random, secrets, uuid
def handler(event, context):
    return [
        os.urandom(16).hex(), str(uuid.uuid4()), random.random(), secrets.token_hex(),
        random.SystemRandom().random(), os.urandom(3000).hex(),
    ]
"""


@pytest.mark.parametrize("version", ["0.2.0", "0.2.9", "0.2.12"])
@pytest.mark.parametrize(("interface", "name", "kind", "core"), OURS)
def test_ours_are_there_at_every_version_that_a_component_asks_for(
    guest_of: Make, version: str, interface: str, name: str, kind: str, core: str
) -> None:
    """The library matches names to the last digit, and the tools that make guests differ."""
    wanted = Import(name, kind, core, f"{interface}@{version}")
    call = f"(call ${name} (i32.const 64))" if "param" in core else f"(drop (call ${name}))"
    assert guest_of(Component(f"{call} {NOTHING}", (wanted,))).take(b"{}") == b""


@pytest.mark.parametrize("version", ["0.1.0", "0.3.0", "1.0.0"])
def test_ours_are_not_there_at_versions_that_may_mean_something_else(
    guest_of: Make, version: str
) -> None:
    """A trap, and no guess."""
    wanted = Import("now", "(result u64)", "(result i64)", f"wasi:clocks/monotonic-clock@{version}")
    with pytest.raises(binding.Trap, match="unknown import"):
        guest_of(Component(f"(drop (call $now)) {NOTHING}", (wanted,))).take(b"{}")


@pytest.mark.parametrize(("interface", "name"), NOT_OURS)
def test_whatever_else_a_component_imports_is_a_trap(
    guest_of: Make, interface: str, name: str
) -> None:
    """In interfaces of which we define a part as well."""
    wanted = Import(name, "", "", f"{interface}@0.2.9")
    with pytest.raises(binding.Trap, match=name):
        guest_of(Component(f"(call ${name}) {NOTHING}", (wanted,))).take(b"{}")


@pytest.mark.parametrize("what", REACHES)
def test_a_function_that_reaches_for_more_ends_its_worker(workers: Workers, what: str) -> None:
    """The parent reports a crash; the next worker is well."""
    with workers.fork() as worker:
        worker.load(REACHES[what])
        assert worker.run(None) == {}
        assert worker.exit_status() == 1
    with workers.fork() as worker:
        worker.load("def handler(event, context):\n    return event")
        assert worker.run("well")["output"] == "well"


def test_two_workers_forked_from_one_warmed_instance_draw_different_bytes(workers: Workers) -> None:
    """With a generator seeded before the fork they would draw the same tokens and ids."""
    with workers.fork() as one, workers.fork() as other:
        drawn = []
        for worker in (one, other):
            worker.load(DRAWS)
            drawn += [worker.run(None)["output"], worker.run(None)["output"]]
    values = [value for draw in drawn for value in draw]
    assert len(set(values)) == len(values)


def test_a_function_sees_nothing_of_the_host(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its environment is what it was given, it has no arguments, and there are no directories."""
    monkeypatch.setenv("CANARY", "bird")
    source = """
import os, sys
def refused(act, *given):
    try:
        return act(*given)
    except OSError:
        return "refused"
def handler(event, context):
    return [dict(os.environ), sys.argv[1:], refused(os.listdir, "/"), refused(os.stat, "/etc")]
"""
    with workers.fork() as worker:
        worker.load(source)
        assert worker.run(None)["output"] == [{}, [], "refused", "refused"]


def test_the_clocks_are_the_hosts(workers: Workers) -> None:
    """Both clocks, at each call, and not as they stood when the guest was made."""
    source = """
import time
def handler(event, context):
    return [time.time(), time.monotonic(), time.time_ns(), time.perf_counter()]
"""
    with workers.fork() as worker:
        worker.load(source)
        before = [time.time(), time.monotonic()]
        wall, monotonic, wall_ns, _ = worker.run(None)["output"]
        after = [time.time(), time.monotonic()]
        again = worker.run(None)["output"]
    assert before[0] <= wall <= wall_ns / 1e9 + 1e-6 <= after[0] + 2e-6
    assert before[1] <= monotonic <= after[1]
    assert all(later > earlier for earlier, later in zip((wall, monotonic), again, strict=False))
