"""The sandbox function's handler: a job in, an answer out. Imports nothing that costs start-up."""

from __future__ import annotations

import os
from typing import Any

from sandbox.host import Options, Sandbox

_SANDBOX = Sandbox(Options(allow_weak=os.environ.get("PENSTOCK_ALLOW_WEAK_SANDBOX") == "1"))
_SANDBOX.start()


class JobMalformed(ValueError):
    """The caller sent no job of ours."""


def handler(job: dict[str, Any], _context: object = None) -> dict[str, Any]:
    """Run, check or examine; a fault of the sandbox itself is raised, never put into a result."""
    match job:
        case {"v": 1, "op": "run"}:
            return _SANDBOX.run(job)
        case {"v": 1, "op": "check", "source": str() as source}:
            return {"v": 1, "findings": [item.to_json() for item in _SANDBOX.check(source)]}
        case {"v": 1, "op": "doctor"}:
            return _SANDBOX.doctor()
        case _:
            raise JobMalformed("a job is {v: 1, op: run | check | doctor, ...}")
