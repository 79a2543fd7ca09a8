"""The language layer is taken away: plain Python runs in the worker, and still holds nothing."""
# ruff: noqa: E501 - hostile programs are clearest on a line each

import json
import os
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.engine_host import Options
from tests.sandbox.broken import ESCAPE, Broken
from tests.sandbox.harness import CANARY, LEVELS, VICTIM, a_job, need

READS_NOTHING = {
    "read a file": 'BUILTINS["open"]("/etc/passwd").read()',
    "read the parent's environment": 'BUILTINS["open"](f"/proc/{OS[\'getppid\']()}/environ").read()',
    "read its own environment": 'OS["environ"]["PENSTOCK_CANARY"]',
    "list a folder": 'OS["listdir"]("/")',
    "fork": 'OS["fork"]()',
    "run a program": 'OS["posix_spawn"]("/bin/sh", ["sh"], {})',
    "replace itself by a program": 'OS["execv"]("/bin/sh", ["sh", "-c", "true"])',
    "open a socket": 'SYS.modules["socket"].socket()',
    "make a pipe": 'OS["pipe"]()',
    "start a thread": 'SYS.modules["_thread"].start_new_thread(print, ())',
    "allocate a gigabyte": "bytes(1 << 30)",
    "take another user's identity": 'OS["setresuid"](0, 0, 0)',
    "raise its limits": 'SYS.modules["resource"].setrlimit(7, (100, 100))',
    "import what is not loaded": 'BUILTINS["__import__"]("sqlite3")',
    "trace its parent": 'BUILTINS["open"]("/proc/1/mem", "rb")',
}
BREAKS_PROTOCOL = {
    "garbage": "send(b'\\xff' * 100)",
    "a giant length": "send(b'\\xff\\xff\\xff\\xff')",
    "half a frame and silence": "send(b'\\x00\\x00\\x00\\x10{')\nwhile True:\n    pass",
    "a frame that is not an object": "send(frame('[1]'))",
    "an unknown operation": """send(frame('{"op":"shell","seq":1}'))""",
    "an operation that is a list": """send(frame('{"op":["done"],"seq":1}'))""",
    "an answer for another run": """send(frame('{"op":"done","seq":2,"outcome":"returned","output":1}'))""",
    "a sequence number that is a boolean": """send(frame('{"op":"done","seq":true,"outcome":"returned"}'))""",
    "an outcome that does not exist": """send(frame('{"op":"done","seq":1,"outcome":"platform"}'))""",
    "an outcome that is a list": """send(frame('{"op":"done","seq":1,"outcome":["returned"]}'))""",
    "more result than the function may return": """send(frame('{"op":"done","seq":1,"outcome":"returned","output":"' + 'x' * 10000 + '"}'))""",
    "more left behind than a run may": """for n in range(3):
    send(frame('{"op":"emit","seq":1,"topic":"metric.x","properties":{"a":"' + 'x' * 100000 + '"}}'))""",
    "a profile change that removes what is no name": """send(frame('{"op":"profile","seq":1,"set":{},"unset":[{}]}'))""",
    "an error that is not one": """send(frame('{"op":"done","seq":1,"outcome":"raised","error":5}'))""",
    "frames of a traceback that lie": """send(frame('{"op":"done","seq":1,"outcome":"raised","error":{"type":"E","message":"","frames":[[{},"x"]]}}'))""",
    "more emits than allowed": """for n in range(200):
    send(frame('{"op":"emit","seq":1,"topic":"metric.x","properties":{}}'))""",
    "an emit with a topic that is none": """send(frame('{"op":"emit","seq":1,"topic":"a b","properties":{}}'))""",
    "a delivery without a webhook": """send(frame('{"op":"deliver","seq":1}'))""",
    "a log entry of the wrong shape": """send(frame('{"op":"log","seq":1,"message":1,"fields":{}}'))""",
    "an infinite number": """send(frame('{"op":"done","seq":1,"outcome":"returned","output":1e999}'))""",
    "a constant that JSON has not": """send(frame('{"op":"done","seq":1,"outcome":"returned","output":NaN}'))""",
    "an integer beyond 64 bits": """send(frame('{"op":"done","seq":1,"outcome":"returned","output":' + '9' * 30 + '}'))""",
    "a lone surrogate": """send(frame('{"op":"done","seq":1,"outcome":"returned","output":"\\\\ud800"}'))""",
    "too deep a value": """send(frame('{"op":"done","seq":1,"outcome":"returned","output":' + '[' * 300 + ']' * 300 + '}'))""",
    "a value deep enough to overflow a parser": """send(frame('{"op":"done","seq":1,"outcome":"returned","output":' + '[' * 200000 + ']' * 200000 + '}'))""",
    "death": "OS['_exit'](0)",
    "death that looks like success": "send(frame('{}'))\nOS['_exit'](0)",
    "a crash": "OS['abort']()",
}


@pytest.fixture(scope="module", params=LEVELS)
def box(request: pytest.FixtureRequest) -> Iterator[Broken]:
    """A broken sandbox at each level."""
    need(request.param)
    os.environ["PENSTOCK_CANARY"] = CANARY
    with Broken(Options(request.param)) as made:
        yield made


def _run(box: Broken, body: str, events: int = 1) -> list[dict[str, Any]]:
    source = ESCAPE + "def handler(event, profile, context):\n" + textwrap.indent(body, "    ")
    limits = {"wall_s": 1.0, "result_bytes": 5000}
    answer = box.run(a_job(source, events=events, limits=limits))
    assert CANARY not in json.dumps(answer)
    results: list[dict[str, Any]] = answer["results"]
    return results


@pytest.mark.parametrize("act", READS_NOTHING)
def test_an_escaped_function_holds_nothing(box: Broken, act: str) -> None:
    """Every language-level layer will be broken one day; that day must cost no other tenant."""
    result = _run(box, f"return str({READS_NOTHING[act]})")[0]
    assert result["outcome"] in {"raised", "out_of_memory"}, result


@pytest.mark.parametrize("act", BREAKS_PROTOCOL)
def test_a_worker_that_breaks_the_protocol_is_killed_and_reported(box: Broken, act: str) -> None:
    """The parent believes nothing that the worker says about itself."""
    first, second = _run(box, BREAKS_PROTOCOL[act].strip() + "\nreturn 7", events=2)
    assert first["outcome"] in {"raised", "timed_out"}, first
    assert first["output"] is None
    assert first["error"]["type"] in {"ProtocolViolation", "Crashed", "TimedOut"}, first
    assert second["outcome"] in {"raised", "timed_out", "returned"}
    calm = box.run(a_job(VICTIM))["results"][0]
    assert calm["outcome"] == "returned"


def test_what_is_sent_after_the_answer_changes_nothing(box: Broken) -> None:
    """A forged second answer must not become the next event's, or anybody's."""
    body = """
    text = '{"op":"done","seq":1,"outcome":"returned","output":"first"}'
    send(frame(text) + frame(text.replace("first", "forged").replace(":1,", ":2,")))
    while True:
        pass
    """
    first, second = _run(box, textwrap.dedent(body), events=2)
    assert first["output"] == "first"
    # A new worker runs the second event, and answers for the first: that is a violation.
    assert second["output"] is None
    assert second["error"]["type"] == "ProtocolViolation"


def test_a_worker_that_fells_the_zygote_is_blamed_itself(box: Broken) -> None:
    """If it passed for a fault of the platform it would be run again for ever."""
    result = _run(box, "OS['kill'](OS['getppid'](), 9)\nreturn 1")[0]
    assert result["outcome"] in {"raised", "returned"}
    assert box.run(a_job(VICTIM))["results"][0]["outcome"] == "returned"
