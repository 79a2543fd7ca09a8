"""`penstock doctor`: checks this machine, this folder and its API, and says how to mend them."""

import platform
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import _connection, _files, _installation, _output, doctor_queues, doctor_warehouse
from cli._checks import Check, TriedOn, Verdict
from cli._errors import FAILED, CommandFailed, WrongUsage
from cli._output import AsJson
from cli.client import Client
from cli.doctor_queues import Queues
from cli.stack_doctor import look
from cli.stack_doctor import report as reports
from runtime.core.timestamps import timestamp
from runtime.errors import PenstockError

LEAST_PYTHON: Final = (3, 11)
RUNNING: Final = "running"  # what is found of a local cloud that is up


_BAD_LEVELS: Final = {
    "weak": (
        Verdict.WARNING,
        "no layer of the kernel isolates here: run no code that you do not trust",
    ),
    "none": (
        Verdict.FAILED,
        "no layer isolates code here, so none is run; use Linux or macOS, at their best level",
    ),
}


def doctor(
    *,
    stack: Annotated[
        str | None,
        typer.Option(help="Look into this stack too, with your AWS credentials."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a report to attach to an issue: without secrets, the account's id masked.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look into Python, the sandbox, the local cloud, the API, the queues and the warehouse.

    The queues are those of the local cloud, unless a stack is named: how many messages wait, are in
    flight and delayed, and how old the oldest is. The warehouse is asked whether syncs may load it,
    and the configuration table whether migrations of this version are lacking. Of a stack it also
    sees how it stands, its parameters, code, key, concurrency and alarms, and asks its sandbox what
    isolates user code there. Exit code 1 when something fails.
    """
    machine = (_python(), _set_up(), _lambda_python(), *_sandbox(), _advisories())
    local = _local_cloud()
    checks = [*machine, local, _api()]
    looked = None if stack is None else look.look(_installation.of_stack(stack))
    if looked is not None:
        checks.extend(looked.checks)
    tried_on = TriedOn.MACHINES if stack is None else TriedOn.EMULATORS
    queues = _queues(stack, local)
    if queues is not None:
        checks.append(replace(_queue_check(queues), tried_on=tried_on))
    if stack is not None or local.found == RUNNING:
        stored = (*_warehouse(stack), _release(stack), _migrations(stack))
        checks.extend(replace(check, tried_on=tried_on) for check in stored)
    depths = [] if queues is None else [asdict(depth) for depth in queues.depths]
    if report is not None:
        _write(report, checks, depths, looked)
    bad = any(check.verdict is Verdict.FAILED for check in checks)
    document = {"ok": not bad, "checks": [asdict(check) for check in checks], "queues": depths}
    _output.show(document, as_json=as_json, human=lambda: _lines(checks, depths))
    if bad:
        raise typer.Exit(FAILED)


def _python() -> Check:
    version = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < LEAST_PYTHON:
        advice = "install Python 3.11 or newer"
        return Check(name="python", verdict=Verdict.FAILED, found=version, advice=advice)
    return Check(name="python", verdict=Verdict.OK, found=version)


def _set_up() -> Check:
    from infra.local import doctor as folder

    missing = folder.missing()
    if missing:
        advice = f"{', '.join(missing)} missing; run `make setup`"
        return Check(name="set-up", verdict=Verdict.FAILED, found="incomplete", advice=advice)
    return Check(name="set-up", verdict=Verdict.OK, found="complete")


def _lambda_python() -> Check:
    from infra.local import doctor as folder

    python = f"python{folder.LAMBDA_PYTHON}"
    if not folder.can_compile_for_lambda():
        advice = f"install {python} before `make deploy`, or every cold start is 0.6 s slower"
        return Check(name="bytecode", verdict=Verdict.WARNING, found="none", advice=advice)
    return Check(name="bytecode", verdict=Verdict.OK, found=python)


def _sandbox() -> Iterable[Check]:
    # The imports are deferred, so that the other checks run even where these fail.
    from cli.local_run import sandbox_options
    from sandbox.host import Sandbox
    from sandbox.process import SandboxRefused, SandboxUnavailable

    try:
        with Sandbox(sandbox_options()) as sandbox:
            report = sandbox.doctor()
    except (SandboxRefused, SandboxUnavailable, OSError, WrongUsage) as problem:
        advice = f"it does not start: {problem}"
        return [Check(name="sandbox", verdict=Verdict.FAILED, found="none", advice=advice)]
    level = str(report["isolation"])
    verdict, advice = _BAD_LEVELS.get(level, (Verdict.OK, ""))
    if report["egress"] == "none":
        advice = "; ".join(filter(None, (advice, "context.http is turned off")))
    sandbox_check = Check(name="sandbox", verdict=verdict, found=level, advice=advice)
    return [sandbox_check, *_engines(report)]


def _engines(report: Mapping[str, Any]) -> Iterable[Check]:
    """A check for each engine: whether it is in use or can be used, and if not, why."""
    for name, fault in report["engines"].items():
        in_use = name == report["engine"]
        state = "cannot be used" if fault else "in use" if in_use else "can be used"
        verdict = Verdict.WARNING if fault else Verdict.OK
        yield Check(name=f"engine {name}", verdict=verdict, found=state, advice=fault)


def _advisories() -> Check:
    from infra.build import advisories

    name = "advisories"
    try:
        listed = advisories.load()
        affected = advisories.unexplained(listed, advisories.pins())
    except (OSError, advisories.ListBroken) as problem:
        advice = f"nobody can say whether a pinned package is at fault: {problem}"
        return Check(name=name, verdict=Verdict.WARNING, found="unreadable", advice=advice)
    age = f"read on {listed.read_on}"
    if affected:
        advice = f"{'; '.join(affected)}; see docs/howto/update-the-sandbox.md"
        return Check(name=name, verdict=Verdict.FAILED, found=age, advice=advice)
    if late := advisories.overdue(listed, today=datetime.now(UTC).date()):
        return Check(name=name, verdict=Verdict.WARNING, found=age, advice=late)
    return Check(name=name, verdict=Verdict.OK, found=age)


def _local_cloud() -> Check:
    from infra.local import cloud
    from infra.local.place import Place

    try:
        status = cloud.status(Place())
    except (PenstockError, OSError, ValueError) as problem:
        advice = f"its state is unreadable ({problem}); delete .local/state.json"
        return Check(name="local cloud", verdict=Verdict.FAILED, found="broken", advice=advice)
    dead = [each.name for each in status.processes if not each.alive]
    if status.running and not dead:
        return Check(name="local cloud", verdict=Verdict.OK, found=RUNNING)
    if dead:
        advice = f"{', '.join(dead)} died; `penstock local up` starts it again"
        return Check(name="local cloud", verdict=Verdict.FAILED, found="half down", advice=advice)
    kept = "stopped" if status.phase == "stopped" else "down"
    return Check(name="local cloud", verdict=Verdict.OK, found=kept)


def _api() -> Check:
    try:
        connection = _connection.find()
    except CommandFailed as missing:
        return Check(
            name="api", verdict=Verdict.WARNING, found="not set up", advice=missing.message
        )
    address = f"{connection.url} (from {connection.origin})"
    try:
        Client(connection).get("/v1/topics")
    except CommandFailed as failure:
        return Check(name="api", verdict=Verdict.FAILED, found=address, advice=failure.message)
    return Check(name="api", verdict=Verdict.OK, found=address)


def _queues(stack: str | None, local: Check) -> Queues | None:
    if stack is not None:
        return doctor_queues.of_stack(stack)
    return doctor_queues.of_local_cloud() if local.found == RUNNING else None


def _queue_check(queues: Queues) -> Check:
    name = "queues"
    if queues.problem:
        advice = queues.problem
        return Check(name=name, verdict=Verdict.FAILED, found="unseen", advice=advice)
    if queues.dead:
        dead = ", ".join(each.name for each in queues.dead)
        advice = f"somebody must look into {dead}: see docs/howto/trace-an-event.md"
        return Check(name=name, verdict=Verdict.WARNING, found=queues.summary, advice=advice)
    return Check(name=name, verdict=Verdict.OK, found=queues.summary)


def _warehouse(stack: str | None) -> Iterable[Check]:
    finding = doctor_warehouse.look(stack)
    if finding is not None:
        verdict = Verdict.FAILED if finding.advice else Verdict.OK
        yield Check(name="warehouse", verdict=verdict, found=finding.found, advice=finding.advice)


def _release(stack: str | None) -> Check:
    from cli import _installation
    from runtime.version import VERSION

    name = "version"
    try:
        deployed = _installation.find(stack).outputs.get("Version", "older than 0.1.0")
    except (CommandFailed, PenstockError) as problem:
        advice = problem.message
        return Check(name=name, verdict=Verdict.WARNING, found="unseen", advice=advice)
    if deployed != VERSION:
        advice = f"this command is {VERSION}: use that of the stack, or deploy this version"
        return Check(name=name, verdict=Verdict.WARNING, found=deployed, advice=advice)
    return Check(name=name, verdict=Verdict.OK, found=deployed)


def _migrations(stack: str | None) -> Check:
    from cli import _migrations
    from runtime.core.migrations.migration import DataIsNewer

    name = "migrations"
    try:
        lacking = _migrations.find(stack).pending()
    except DataIsNewer as problem:
        advice = problem.message
        return Check(name=name, verdict=Verdict.FAILED, found="of a later release", advice=advice)
    except (CommandFailed, PenstockError) as problem:
        advice = problem.message
        return Check(name=name, verdict=Verdict.WARNING, found="unseen", advice=advice)
    if lacking:
        names = ", ".join(each.name for each in lacking)
        option = "" if stack is None else f" --stack {stack}"
        advice = f"`penstock admin migrate{option}`, once you will not roll back"
        return Check(name=name, verdict=Verdict.WARNING, found=f"lacks {names}", advice=advice)
    return Check(name=name, verdict=Verdict.OK, found="all applied")


def _write(
    path: Path,
    checks: Sequence[Check],
    depths: Sequence[Mapping[str, Any]],
    looked: look.Looked | None,
) -> None:
    about = reports.About(
        at=timestamp(datetime.now(UTC)),
        version=_version(),
        python=_python().found,
        region="" if looked is None else looked.region,
    )
    account = "" if looked is None else looked.account
    text = reports.render(checks, depths, about=about, account=account)
    _files.write(path, text)
    _output.say(f"written to {path}", err=True)


def _version() -> str:
    """The version of this folder; what is not installed as a package has no other."""
    from infra.local.place import ROOT

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def _lines(checks: Sequence[Check], depths: Sequence[Mapping[str, Any]]) -> Iterable[_output.Part]:
    rows = [asdict(check) for check in checks]
    if all(check.tried_on is TriedOn.MACHINES for check in checks):
        yield _output.table(rows, ("name", "verdict", "found", "advice"))
    else:
        yield _output.table(rows, ("name", "verdict", "found", "advice", "tried_on"))
        yield reports.CAVEAT
    if depths:
        yield ""
        yield _output.table(depths, doctor_queues.COLUMNS)
