"""What a worker dies of, one after another: each ends in time, and the next worker is well."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.engine_host import Options
from sandbox.engines import EngineName
from sandbox.host import Sandbox
from tests.sandbox.harness import LEVELS, VICTIM, a_job, need

WALL_S = 1.0
LATE_S = 0.6  # a busy machine's delay between the wall and the kill
VICTIMS = 1000
BYTECODES = 200
OURS = {"raised", "returned", "refused", "timed_out", "out_of_memory"}  # the user's, all of them

BYTECODE = """
import random, types
def handler(event):
    def blank(): pass
    dice = random.Random({seed})
    code = bytes(dice.randrange(256) for _ in range(dice.randrange(2, 400)))
    made = blank.__code__.replace(co_code=code, co_stacksize=dice.randrange(1, 60), co_nlocals=0)
    return str(types.FunctionType(made, globals())())[:100]
"""
BODIES = {
    "a memory bomb": "rows = []\nwhile True:\n    rows.append('x' * 1_000_000)",
    "one huge text": "return len('x' * 10**11)",
    "a huge list": "return len([0] * 10**10)",
    "a caught memory error, again and again": (
        "rows = []\nwhile True:\n    try:\n        rows.append('x' * 9_000_000)\n"
        "    except MemoryError:\n        rows = rows[:1]"
    ),
    "a regular expression that never ends": "import re\nre.match('(a+)+$', 'a' * 60 + 'b')",
    "a huge power": "return len(str(9**9**9))",
    "a number too long to print": "return str(7 ** 10_000_000)",
    "deep JSON": "import json\njson.loads('[' * 1_000_000)",
    "a million nested lists, shown": (
        "rows = []\nfor _ in range(1_000_000):\n    rows = [rows]\nreturn repr(rows)"
    ),
    "a million nested lists, returned": (
        "rows = []\nfor _ in range(1_000_000):\n    rows = [rows]\nreturn rows"
    ),
    "a loop that nothing stops": (
        "while True:\n    try:\n        while True:\n            pass\n"
        "    except Exception:\n        pass"
    ),
    "endless recursion": "def again(n):\n    return again(n + 1)\nreturn again(0)",
    "endless printing": "while True:\n    print('x' * 1000)",
    "a result of a gigabyte": "return ['x' * 1000] * 1_000_000",
    "a generator without end": "return sum(iter(int, 1))",
}
ONLY_WASM = {
    "an exit": "import os\nos._exit(0)",
    "an exit in the middle of an answer": "import os\nprint('x')\nos._exit(7)",
    "an abort": "import os\nos.abort()",
    "a signal to itself": "import signal\nsignal.raise_signal(9)",
    "a raised recursion limit": (
        "import sys\nsys.setrecursionlimit(10**9)\ndef again(n):\n    return again(n + 1)\nagain(0)"
    ),
    "marshal of noise": "import marshal, random\nwhile True:\n"
    "    try:\n        marshal.loads(random.randbytes(200))\n    except Exception:\n        pass",
    "a socket": "import socket\nsocket.socket().connect(('127.0.0.1', 80))",
    "a raw write to its own output": "import os\nos.write(1, b'{}')\nos.write(0, b'{}')",
    "a raw read of its own input": "import os\nreturn len(os.read(0, 10))",
    "a file": "return open('/etc/passwd').read()",
    "a module of no file": "import ctypes\nctypes.string_at(0)",
    "an unfrozen loop": "import gc\ngc.unfreeze()\ngc.collect()\ngc.get_objects().clear()",
    "builtins emptied": "import builtins\nbuiltins.__dict__.clear()",
    "modules emptied": "import sys\nsys.modules.clear()\nimport json",
    "an endless sleep": "import time\ntime.sleep(30)",
    "a thread": "import threading\nthreading.Thread(target=print).start()",
    "an exception that cannot be shown": (
        "class Bad(BaseException):\n    def __str__(self):\n        raise self\nraise Bad"
    ),
}


def _programs(engine: EngineName) -> Iterator[tuple[str, str]]:
    bodies = BODIES | (ONLY_WASM if engine is EngineName.WASM else {})
    for name, body in bodies.items():
        lines = "".join(f"    {line}\n" for line in body.split("\n"))
        yield name, f"def handler(event):\n{lines}"
    if engine is EngineName.WASM:
        for seed in range(BYTECODES):
            yield f"random bytecode {seed}", BYTECODE.format(seed=seed)


def _wrong(result: dict[str, Any]) -> str:
    """What is wrong with how a program ended; empty when nothing is."""
    if result["outcome"] not in OURS:
        return f"ended as {result['outcome']}"
    if result["duration_ms"] > (WALL_S + LATE_S) * 1000:
        return f"took {result['duration_ms']} ms"
    if sum(len(entry["message"]) for entry in result["logs"]) > 70_000:
        return "logged more than it may"
    return ""


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("engine", EngineName)
def test_whatever_a_worker_dies_of_the_next_one_is_well(engine: EngineName, level: str) -> None:
    """A tenant's worst function costs that function its run, and nobody anything else."""
    need(level)
    programs = list(_programs(engine))
    each = VICTIMS // len(programs) + 1
    wrong = []
    with Sandbox(Options(level, engine=engine)) as box:
        [calm] = box.run(a_job(VICTIM))["results"]
        zygote = box.zygote_pid(engine)
        for name, source in programs:
            [result] = box.run(a_job(source, limits={"wall_s": WALL_S}))["results"]
            if problem := _wrong(result):
                wrong.append(f"{name}: {problem}")
            for _ in range(each):
                [victim] = box.run(a_job(VICTIM))["results"]
                if victim["output"] != calm["output"]:
                    wrong.append(f"{name}: the victim says {victim['output'] or victim['error']}")
        assert wrong == []
        assert box.zygote_pid(engine) == zygote
