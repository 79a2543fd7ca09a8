"""What native code in one worker leaves in the kernel for the next one to find; prints JSON.

    python -m tests.sandbox.left_behind LEVEL

For each way: whether the first worker could leave something, and whether the second found it.
"""

import json
import sys
from typing import Any

from sandbox.engine_host import Options
from tests.sandbox.broken import Broken, native_source
from tests.sandbox.harness import a_job

# What the first worker does, and what the second one does with OUTPUT as the result: what it finds.
_KEY = 0x50454E21
_RECEIVE = f"""
queue = checked(LIBC.msgget({_KEY}, 0))
got = room(64)
checked(LIBC.msgrcv(queue, got, 8, 0, 0o4000))
OUTPUT = got.raw[8:12] == b"left"
"""
_SEND = f"""
queue = checked(LIBC.msgget({_KEY}, 0o1666))
checked(LIBC.msgsnd(queue, bytes([1]) + bytes(7) + b"left", 4, 0))
"""
WAYS = {
    "shared memory": (
        f"checked(LIBC.shmget({_KEY}, 4096, 0o1666))",
        f"OUTPUT = checked(LIBC.shmget({_KEY}, 0, 0)) >= 0",
    ),
    "a message in a queue": (_SEND, _RECEIVE),
    "a set of semaphores": (
        f"checked(LIBC.semget({_KEY}, 1, 0o1666))",
        f"OUTPUT = checked(LIBC.semget({_KEY}, 0, 0)) >= 0",
    ),
} | {
    f"a key in the {name} keyring": (
        f'call("add_key", b"user", b"left", b"behind", 6, {ring})',
        f'OUTPUT = call("keyctl", 10, {ring}, b"user", b"left", 0) > 0',
    )
    for name, ring in (("session", -3), ("user's", -4), ("user's session", -5))
}


def try_all(level: str) -> dict[str, dict[str, Any]]:
    """For each way what came of it."""
    with Broken(Options(level)) as box:
        return {
            way: {"left": _succeeds(box, leave), "found": _succeeds(box, look)}
            for way, (leave, look) in WAYS.items()
        }


def _succeeds(box: Broken, body: str) -> bool:
    result = box.run(a_job(native_source("OUTPUT = True\n" + body)))["results"][0]
    return result["outcome"] == "returned" and result["output"] is True


if __name__ == "__main__":
    sys.stdout.write(json.dumps(try_all(sys.argv[1])))
