"""The sandbox function's handler: a job in, an answer out. Imports nothing that costs start-up."""

from __future__ import annotations

import atexit
import os
from typing import Any

from sandbox.host import Options, Sandbox

_SANDBOX = Sandbox(Options(allow_weak=os.environ.get("PENSTOCK_ALLOW_WEAK_SANDBOX") == "1"))
_SANDBOX.start()
atexit.register(_SANDBOX.close)


def handler(job: dict[str, Any], _context: object = None) -> dict[str, Any]:
    """Run, check or examine; a fault of the sandbox itself is raised, never put into a result."""
    return _SANDBOX.run(job)
