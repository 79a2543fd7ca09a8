"""The sandbox Lambda's handler: a job in, its answer out. It imports what every start needs."""

from __future__ import annotations

import atexit
import os
from typing import Any, Final

from sandbox import settings
from sandbox.engines import EngineName
from sandbox.host import Sandbox

settings.forget_credentials()
_SANDBOX: Final = Sandbox(settings.options())
_SANDBOX.start()
atexit.register(_SANDBOX.close)
# Tells this execution environment from every other, so that `penstock doctor` sees whether two
# tenants share one.
_ENVIRONMENT: Final = os.urandom(8).hex()


def handler(job: dict[str, Any], context: object = None) -> dict[str, Any]:
    """The answer to one job (see `Sandbox.run`).

    That to `doctor` also has the kernel's release, the tenant for whom Lambda says that it runs
    (null if it says none), and an id of this execution environment.

    Raises:
        JobMalformed: the job has not the shape that `Sandbox.run` takes.
        SandboxUnavailable: the sandbox itself failed. This is never put into a result, so that no
            user is blamed for it.
        SandboxRefused: no layer of isolation holds on this machine.
    """
    # While an update is rolled out, an older caller may send jobs without an engine. At its time
    # `restricted` was the only one.
    answer = _SANDBOX.run({"engine": EngineName.RESTRICTED, **job})
    if job["op"] != "doctor":
        return answer
    tenant = getattr(context, "tenant_id", None)
    return {**answer, "kernel": os.uname().release, "tenant": tenant, "environment": _ENVIRONMENT}
