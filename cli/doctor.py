"""`penstock doctor`: is this machine, this folder and its API in order, and if not, what to do."""

import platform
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

import typer

from cli import _connection, _output
from cli._errors import FAILED, CommandFailed, WrongUsage
from cli._output import AsJson
from cli.client import Client
from runtime.errors import PenstockError

LEAST_PYTHON: Final = (3, 11)


class Verdict(StrEnum):
    """What a check found."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


_BAD_LEVELS: Final = {
    "weak": (
        Verdict.WARNING,
        "no layer holds on this machine: run no code here that you do not trust",
    ),
    "none": (
        Verdict.FAILED,
        "no layer holds here, so nothing is run; use Linux or macOS, at their best level",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at: what it is like, and what to do unless it is well."""

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


def doctor(*, as_json: AsJson = False) -> None:
    """Look into Python, the sandbox, the local cloud and the API; exit 1 when something fails."""
    checks = [look() for look in (_python, _set_up, _lambda_python, _sandbox, _local_cloud, _api)]
    bad = any(check.verdict is Verdict.FAILED for check in checks)
    document = {"ok": not bad, "checks": [asdict(check) for check in checks]}
    _output.show(document, as_json=as_json, human=lambda: _lines(checks))
    if bad:
        raise typer.Exit(FAILED)


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < LEAST_PYTHON:
        advice = "install Python 3.11 or newer"
        return Check(name="python", verdict=Verdict.FAILED, found=found, advice=advice)
    return Check(name="python", verdict=Verdict.OK, found=found)


def _set_up() -> Check:
    from infra.local import doctor as folder

    missing = folder.missing()
    if missing:
        advice = f"{', '.join(missing)} missing; run `make setup`"
        return Check(name="set-up", verdict=Verdict.FAILED, found="incomplete", advice=advice)
    return Check(name="set-up", verdict=Verdict.OK, found="complete")


def _lambda_python() -> Check:
    from infra.local import doctor as folder

    wanted = f"python{folder.LAMBDA_PYTHON}"
    if not folder.can_compile_for_lambda():
        advice = f"install {wanted} before `make deploy`, or every cold start is 0.6 s slower"
        return Check(name="bytecode", verdict=Verdict.WARNING, found="none", advice=advice)
    return Check(name="bytecode", verdict=Verdict.OK, found=wanted)


def _sandbox() -> Check:
    # Deferred: the other checks must tell their tale even where this does not start.
    from cli.functions_test import sandbox_options
    from sandbox.host import Sandbox
    from sandbox.process import SandboxRefused, SandboxUnavailable

    try:
        with Sandbox(sandbox_options()) as sandbox:
            said = sandbox.doctor()
    except (SandboxRefused, SandboxUnavailable, OSError, WrongUsage) as problem:
        advice = f"it does not start: {problem}"
        return Check(name="sandbox", verdict=Verdict.FAILED, found="none", advice=advice)
    level = str(said["isolation"])
    verdict, advice = _BAD_LEVELS.get(level, (Verdict.OK, ""))
    if said["egress"] == "none":
        advice = "; ".join(filter(None, (advice, "context.http is turned off")))
    return Check(name="sandbox", verdict=verdict, found=level, advice=advice)


def _local_cloud() -> Check:
    from infra.local import cloud
    from infra.local.place import Place

    try:
        found = cloud.status(Place())
    except (PenstockError, OSError, ValueError) as problem:
        advice = f"its state is unreadable ({problem}); run `penstock local down`"
        return Check(name="local cloud", verdict=Verdict.FAILED, found="broken", advice=advice)
    dead = [each.name for each in found.processes if not each.alive]
    if found.running and not dead:
        return Check(name="local cloud", verdict=Verdict.OK, found="running")
    if dead:
        advice = f"{', '.join(dead)} died; run `penstock local down`, then `penstock local up`"
        return Check(name="local cloud", verdict=Verdict.FAILED, found="half down", advice=advice)
    return Check(name="local cloud", verdict=Verdict.OK, found="down")


def _api() -> Check:
    try:
        connection = _connection.find()
    except CommandFailed as missing:
        return Check(
            name="api", verdict=Verdict.WARNING, found="not set up", advice=missing.message
        )
    found = f"{connection.url} (from {connection.origin})"
    try:
        Client(connection).get("/v1/topics")
    except CommandFailed as failure:
        return Check(name="api", verdict=Verdict.FAILED, found=found, advice=failure.message)
    return Check(name="api", verdict=Verdict.OK, found=found)


def _lines(checks: Iterable[Check]) -> Iterable[str]:
    rows = [asdict(check) for check in checks]
    return _output.table(rows, ("name", "verdict", "found", "advice"))
