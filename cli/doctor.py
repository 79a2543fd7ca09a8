"""`penstock doctor`: is this machine, this folder and its API in order, and if not, what to do."""

import platform
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

import typer

from cli import _connection, _output
from cli._errors import FAILED, CommandFailed
from cli._output import AsJson
from cli.client import Client

LEAST_PYTHON: Final = (3, 11)


class Verdict(StrEnum):
    """What a check found."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at; `detail` says what to do unless it is well."""

    name: str
    verdict: Verdict
    detail: str


def doctor(*, as_json: AsJson = False) -> None:
    """Look into Python, the sandbox, the local cloud and the API; exit 1 when something fails."""
    checks = [look() for look in (_python, _sandbox, _api)]
    bad = any(check.verdict is Verdict.FAILED for check in checks)
    document = {"ok": not bad, "checks": [asdict(check) for check in checks]}
    _output.show(document, as_json=as_json, human=lambda: _lines(checks))
    if bad:
        raise typer.Exit(FAILED)


def _python() -> Check:
    version = platform.python_version()
    if sys.version_info < LEAST_PYTHON:
        return Check(
            name="python", verdict=Verdict.FAILED, detail=f"{version}; install 3.11 or newer"
        )
    where = f"{platform.system()} {platform.machine()}"
    return Check(name="python", verdict=Verdict.OK, detail=f"{version} on {where}")


def _sandbox() -> Check:
    from sandbox.host import Options, Sandbox

    answer = Sandbox(Options()).run({"v": 1, "op": "doctor"})
    level = str(answer["isolation"])
    if level == "weak":
        return Check(
            name="sandbox",
            verdict=Verdict.WARNING,
            detail="weak: this kernel refuses every jail; run no code here that you do not trust",
        )
    return Check(name="sandbox", verdict=Verdict.OK, detail=f"isolation {level}")


def _api() -> Check:
    try:
        connection = _connection.find()
    except CommandFailed as missing:
        return Check(name="api", verdict=Verdict.WARNING, detail=missing.message)
    try:
        Client(connection).get("/v1/topics")
    except CommandFailed as failure:
        return Check(name="api", verdict=Verdict.FAILED, detail=failure.message)
    return Check(
        name="api", verdict=Verdict.OK, detail=f"{connection.url} (from {connection.origin})"
    )


def _lines(checks: Iterable[Check]) -> Iterable[str]:
    return _output.table([asdict(check) for check in checks], ("name", "verdict", "detail"))
