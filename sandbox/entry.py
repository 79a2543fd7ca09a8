"""The sandbox Lambda's handler: a job in, its answer out. It imports what every start needs."""

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
    """The answer to one job (see `Sandbox.run`).

    Raises:
        JobMalformed: the job has not the shape that `Sandbox.run` takes.
        SandboxUnavailable: the sandbox itself failed. This is never put into a result, so that no
            user is blamed for it.
        SandboxRefused: no layer of isolation holds on this machine.
    """
    # While an update is rolled out, an older caller may send jobs without an engine. At its time
    # `restricted` was the only one.
    return _SANDBOX.run({"engine": EngineName.RESTRICTED, **job})
