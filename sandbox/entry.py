"""The sandbox function's handler: a job in, an answer out. Imports nothing that costs start-up."""

from __future__ import annotations

import atexit
from typing import Any, Final

from sandbox import settings
from sandbox.engines import EngineName
from sandbox.host import Sandbox

settings.forget_credentials()
_SANDBOX: Final = Sandbox(settings.options())
_SANDBOX.start()
atexit.register(_SANDBOX.close)


def handler(job: dict[str, Any], _context: object = None) -> dict[str, Any]:
    """Run, check or examine; a fault of the sandbox itself is raised, never put into a result."""
    # During an update the caller may still be one that knows of no engines: what it runs and checks
    # is for the one engine that there was.
    return _SANDBOX.run({"engine": EngineName.RESTRICTED, **job})
