"""What native code in a worker gets at in the process that hosts it; prints JSON.

    python -m tests.sandbox.inside_parent LEVEL

The host's initial environment holds PENSTOCK_CANARY, which this program's caller sets.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sandbox import settings
from sandbox.engine_host import Options
from sandbox.jail import parent
from tests.sandbox.broken import Broken, native_source
from tests.sandbox.harness import a_job

ACTS = {
    "read the host's memory": "OUTPUT = read_memory(HOST, START, SIZE).hex()",
    "write the host's memory": (
        "there = (CTYPES.c_void_p * 2)(START, 1)\n"
        "mine = room(1)\n"
        "here = (CTYPES.c_void_p * 2)(CTYPES.addressof(mine), 1)\n"
        'OUTPUT = call("process_vm_writev", HOST, here, 1, there, 1, 0)'
    ),
    "read the zygote's memory": (
        'OUTPUT = read_memory(OS["getppid"](), CTYPES.addressof(room(8)) & ~4095, 8).hex()'
    ),
    "trace the host": 'OUTPUT = call("ptrace", 16, HOST, 0, 0)',
    "trace the zygote": 'OUTPUT = call("ptrace", 16, OS["getppid"](), 0, 0)',
    "signal the host": 'OUTPUT = OS["kill"](HOST, 0)',
    "change the host's limits": ('OUTPUT = len(SYS.modules["resource"].prlimit(HOST, 4))'),
    "ask for a file by its name": 'OUTPUT = OS["stat"]("/etc/passwd").st_size',
    "make a folder": 'OUTPUT = [OS[do](f"/tmp/penstock-{HOST}") for do in ("mkdir", "rmdir")]',
    "make the host nicer": 'OUTPUT = OS["setpriority"](0, HOST, 19)',
}


def report(level: str) -> dict[str, Any]:
    """What was refused, what was not, and what the host's environment looks like."""
    block = parent._block()  # noqa: SLF001 - where the secret was, for the attacker who knows it
    assert block is not None
    start, end = block
    with Broken(Options(level)) as box:
        where = f"HOST, START, SIZE = {os.getpid()}, {start}, {end - start}\n"
        acts = {name: _outcome(box, where + act) for name, act in ACTS.items()}
    settings.forget_credentials()
    child = subprocess.run(
        [sys.executable, "-c", "import os; print(os.environ['PENSTOCK_CANARY'])"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {
        "acts": acts,
        "readable": own_environment(),
        "kept": os.environ["PENSTOCK_CANARY"],
        "child": child.stdout.strip(),
        "credentials": [name for name in os.environ if name.startswith("AWS_")],
    }


def own_environment() -> str:
    """What the kernel shows of this process's environment."""
    try:
        return Path("/proc/self/environ").read_text("utf-8").strip("\0")
    except PermissionError:  # not even its own: the file is root's where the process is unreadable
        return ""


def _outcome(box: Broken, body: str) -> str:
    result = box.run(a_job(native_source(body)))["results"][0]
    if result["outcome"] == "returned":
        return f"got {result['output']}"
    return str(result["error"]["type"])


if __name__ == "__main__":
    sys.stdout.write(json.dumps(report(sys.argv[1])))
