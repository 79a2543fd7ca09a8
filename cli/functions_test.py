"""`penstock functions test`: runs one file, or a batch of cases, in the real sandbox, no cloud."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import _files, _output, project
from cli._errors import CommandFailed, WrongUsage
from cli._output import AsJson  # noqa: TC001 - Typer reads it at run time
from runtime.core import json_text
from runtime.errors import BadInput
from sandbox import settings
from sandbox.engine_host import CheckGaveUp, Options
from sandbox.engines import EngineName
from sandbox.host import Sandbox
from sandbox.process import EngineUnavailable, SandboxRefused, SandboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.project import FunctionProject

BATCH_WALL_S = 5.0  # a batch is a test suite: a loop without end should not hold it for long
_BATCH_WORKERS = 2
_RUN_ID = "run_local"
_MAX_DIGITS = 21  # a longer integer is beyond 64 bits
_KEYS = (
    "outcome", "output", "error", "findings", "logs", "effects", "http", "memory_mb",
    "duration_ms", "isolation", "engine",
)  # fmt: skip


def sandbox_options() -> Options:
    """The sandbox's options from the environment of this machine.

    Raises:
        WrongUsage: a variable holds what it must not.
    """
    try:
        return settings.options()
    except settings.SettingInvalid as problem:
        raise WrongUsage(str(problem)) from None


def run_file(
    path: Path,
    *,
    event: Any = None,
    profile: Any = None,
    sandbox: Sandbox | None = None,
    engine: str | None = None,
    allow_local_http: bool = False,
) -> dict[str, Any]:
    """The result of one run of this file, as `--json` prints it.

    Args:
        path: the function's source.
        event: any JSON; None runs it on `sample_event`.
        profile: any JSON; None for no profile.
        sandbox: the one to run in; None starts one for this run.
        engine: overrides the engine that penstock.toml names; None does not.
        allow_local_http: whether the function may call http:// on this machine.

    Raises:
        WrongUsage: a file or a setting is refused.
    """
    function = project.load(path)
    job = _job(function, _files.read_text(path), engine=engine, allow_local_http=allow_local_http)
    case = {"event": sample_event() if event is None else event, "profile": profile}
    if sandbox is not None:
        return _one(sandbox, job, case)
    with Sandbox(sandbox_options()) as new_sandbox:
        return _one(new_sandbox, job, case)


def run_batch(
    path: Path, *, engine: str | None = None, allow_local_http: bool = False
) -> Iterator[dict[str, Any]]:
    """The result of each line of the file, in order; no case shares a run with another.

    The engine that a line names counts, else `engine`, else the one that penstock.toml names.

    Raises:
        WrongUsage: the file, one of its lines or a setting is refused.
    """
    function = project.load(path)
    lines = _files.lines(_files.read_text(path))
    cases = [_case(line, f"{path} line {number}") for number, line in lines]
    job = _job(function, "", engine=engine, allow_local_http=allow_local_http)
    job["limits"] = {"wall_s": BATCH_WALL_S, **job["limits"]}
    yield from _run_cases(cases, job)


def _case(line: str, origin: str) -> dict[str, Any]:
    try:
        case = json.loads(line, parse_constant=_refuse_constant, parse_int=_integer)
        json_text.check_json(case["id"] if isinstance(case, dict) and "id" in case else None)
    except BadInput as problem:
        raise WrongUsage(f"{origin}: id {problem.message}", code=problem.code) from None
    except (ValueError, RecursionError) as error:
        raise WrongUsage(f"{origin} is not JSON: {error}", code="not_json") from None
    if not isinstance(case, dict) or not isinstance(case.get("code"), str) or "id" not in case:
        raise WrongUsage(f'{origin} is not {{"id", "code", "event"?, "profile"?, "engine"?}}')
    if case.get("engine") not in (None, *EngineName):
        raise WrongUsage(f"{origin}: engine is one of {', '.join(EngineName)}")
    return case


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


def _integer(digits: str) -> int:
    # Python reads no integer of thousands of digits. Any that is too large stands for it here: the
    # case is refused for it, and the other cases are run.
    return int(digits) if len(digits) <= _MAX_DIGITS else json_text.INTEGER_LIMIT


def _run_cases(cases: list[dict[str, Any]], job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    options = sandbox_options()
    boxes = [Sandbox(options) for _ in range(min(_BATCH_WORKERS, max(len(cases), 1)))]
    workers = len(boxes)
    all_boxes = tuple(boxes)
    names = {case.get("engine") or job["engine"] for case in cases} or {job["engine"]}

    def run(case: dict[str, Any]) -> dict[str, Any]:
        box = boxes.pop()  # as many boxes as threads: one is always free
        try:
            return {"id": case["id"], **_one_case(box, job, case)}
        except SandboxRefused:
            raise
        except Exception as problem:  # noqa: BLE001 - whatever one case does, the others still run
            place = f"{problem.field}: " if isinstance(problem, BadInput) and problem.field else ""
            message = f"this case cannot be run: {place}{problem}"
            used = engines[case.get("engine") or job["engine"]]
            return {"id": case["id"], **_refused("CannotRun", message, used=used)}
        finally:
            boxes.append(box)

    try:
        for box, engine in product(all_boxes, names):
            box.start(engine)
        # A sandbox that does not start fails the whole batch here, before the first case.
        engines = {engine: box.engine(engine) for box, engine in product(all_boxes, names)}
        with ThreadPoolExecutor(workers) as pool:
            yield from pool.map(run, cases)
    finally:
        for box in all_boxes:
            box.close()


def _one_case(box: Sandbox, job: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    for part in ("event", "profile"):  # the cloud has no event and no profile with such values
        json_text.check_json(case.get(part), at=part)
    inputs = {
        "event": case["event"] if case.get("event") is not None else sample_event(),
        "profile": case.get("profile"),
    }
    overrides = {"source": case["code"], "engine": case.get("engine") or job["engine"]}
    return _one(box, {**job, **overrides}, inputs)


def _refused(kind: str, message: str, *, used: tuple[EngineName, str]) -> dict[str, Any]:
    engine, isolation = used
    return {
        "outcome": "refused",
        "output": None,
        "error": {"type": kind, "message": message, "traceback": ""},
        "findings": [],
        "logs": [],
        "effects": [],
        "http": [],
        "memory_mb": None,
        "duration_ms": 0.0,
        "isolation": isolation,
        "engine": engine,
    }


def _job(
    function: FunctionProject, source: str, *, engine: str | None, allow_local_http: bool
) -> dict[str, Any]:
    settings = function.settings
    return {
        "v": 1,
        "op": "run",
        "tenant": "local",
        "function": function.name,
        "version": 0,
        "source": source,
        "engine": engine or settings.get("engine"),
        "limits": dict(settings.get("limits", {})),
        "http_hosts": list(settings.get("http_hosts", [])),
        "environment": dict(settings.get("environment", {})),
        "secrets": {name: _secret(function, name) for name in settings.get("secrets", [])},
        "webhooks": None,
        "allow_local_http": allow_local_http,
    }


def _secret(function: FunctionProject, name: str) -> str:
    """The value in [secrets], or a text that says that there is none."""
    return str(function.local_secrets.get(name, f"no-value-for-{name}"))


def _one(sandbox: Sandbox, job: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    # Deferred: every command imports this file, and only this one needs to decide about runs.
    from cli import local_decision

    try:
        answer = sandbox.run({**job, "events": [{"run_id": _RUN_ID, **case}]})
    except CheckGaveUp as problem:  # nobody can push a source that cannot be checked
        used = sandbox.engine(job["engine"])
        findings = [problem.finding.to_json()]
        return _refused("Refused", str(problem), used=used) | {"findings": findings}
    (result,) = answer["results"]
    result = local_decision.decided(result, run_id=_RUN_ID, **case)
    # A push shows hints as well as errors. The check uses what the run has compiled already.
    findings = [each.to_json() for each in sandbox.check(job["source"], engine=answer["engine"])]
    return {key: result[key] for key in _KEYS} | {"findings": findings}


def sample_event() -> dict[str, Any]:
    """The event that a run gets when the user names none."""
    return {
        "id": "evt_sample",
        "tenant": "local",
        "topic": "metric.placed_order",
        "occurred_at": "2026-01-01T00:00:00.000Z",
        "received_at": "2026-01-01T00:00:00.000Z",
        "origin": "local",
        "hops": 0,
        "profile": {"id": "prf_sample", "email": "ada@example.com"},
        "properties": {"value": 42.5, "items": [{"sku": "A1", "quantity": 2}]},
    }


Event = Annotated[Path | None, typer.Option(help="A JSON file with the event.")]
Profile = Annotated[Path | None, typer.Option(help="A JSON file with the profile.")]
Batch = Annotated[Path | None, typer.Option(help="A JSONL file of cases, one object a line.")]
Engine = Annotated[
    EngineName | None,
    typer.Option(help="Instead of the engine of penstock.toml; what a batch's line names holds."),
]
LocalHttp = Annotated[bool, typer.Option(help="Let the function call http:// on this machine.")]


def functions_test(  # noqa: PLR0913 - each option of the command is a parameter
    file: Annotated[Path | None, typer.Argument(help="The function's source file.")] = None,
    *,
    event: Event = None,
    profile: Profile = None,
    batch: Batch = None,
    engine: Engine = None,
    allow_local_http: LocalHttp = False,
    as_json: AsJson = False,
) -> None:
    """Run a function in the real sandbox, with no cloud at all.

    Settings come from `penstock.toml` beside the file; where nothing names an engine, it is
    `wasm`, or `restricted` where that cannot be used. Exit code 0 whenever the sandbox did its job,
    whatever the function did. In a batch each case gets 5 s of wall clock unless penstock.toml says
    otherwise. The run is judged as in the cloud: an effect that cannot be taken makes it `refused`,
    and the error names the effect; an emitted event that would end in the dead-letter queue has
    `parked`. A profile that is given is the one that the event is about.
    """
    if (file is None) == (batch is None):
        raise WrongUsage("give a FILE, or --batch CASES.jsonl")
    if batch is not None and (event is not None or profile is not None):
        raise WrongUsage("--batch takes no --event or --profile: each of its lines has its own")
    try:
        if batch is not None:
            for result in run_batch(batch, engine=engine, allow_local_http=allow_local_http):
                typer.echo(json.dumps(result))
        elif file is not None:
            result = run_file(
                file,
                event=_read_json(event),
                profile=_read_json(profile),
                engine=engine,
                allow_local_http=allow_local_http,
            )
            _output.show(result, as_json=as_json, human=lambda: for_people(result))
    except EngineUnavailable as problem:
        message = f"the engine cannot be used here: {problem}"
        raise CommandFailed(message, code="engine_unavailable") from None
    except (SandboxRefused, SandboxUnavailable) as problem:
        message = f"the sandbox cannot run here: {problem}"
        raise CommandFailed(message, code="sandbox_unavailable") from None


def _read_json(path: Path | None) -> Any:
    return None if path is None else _files.read_json(path)


def for_people(result: dict[str, Any]) -> list[str]:
    """Lines about a result: how it ended and on which engine, then findings, logs and effects."""
    ran = f"{result['engine']}, {result['isolation']}"
    lines = [f"{result['outcome']} in {result['duration_ms']} ms ({ran})"]
    lines += [f"  {_output.finding(finding)}" for finding in result["findings"]]
    if result["error"] and not (result["outcome"] == "refused" and result["findings"]):
        lines.append(result["error"]["traceback"] or result["error"]["message"])
    lines += [f"  log: {entry['message']} {entry['fields'] or ''}" for entry in result["logs"]]
    lines += [f"  effect: {json.dumps(effect)}" for effect in result["effects"]]
    if result["outcome"] == "returned":
        lines.append(json.dumps(result["output"], indent=2))
    return lines
