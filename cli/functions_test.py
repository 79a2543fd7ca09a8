"""`penstock functions test`: one file, or a batch of cases, through the real sandbox, no cloud."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import _files, _output, project
from cli._errors import CommandFailed, WrongUsage
from cli._output import AsJson  # noqa: TC001 - Typer reads it at run time
from sandbox import settings
from sandbox.engine_host import CheckGaveUp, Options
from sandbox.host import Sandbox
from sandbox.process import SandboxRefused, SandboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cli.project import FunctionProject

BATCH_WALL_S = 5.0  # a batch is a test suite: a loop without end should not hold it for long
_BATCH_WORKERS = 2
_KEYS = (
    "outcome", "output", "error", "findings", "logs", "effects", "duration_ms", "isolation",
)  # fmt: skip


def sandbox_options() -> Options:
    """The options that this machine's environment asks for."""
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
    allow_local_http: bool = False,
) -> dict[str, Any]:
    """The result object of one run of this file, as DESIGN 3.5 writes it."""
    found = project.load(path)
    job = _job(found, _files.read_text(path), allow_local_http=allow_local_http)
    case = {"event": sample_event() if event is None else event, "profile": profile}
    if sandbox is not None:
        return _one(sandbox, job, case)
    with Sandbox(sandbox_options()) as own:
        return _one(own, job, case)


def run_batch(path: Path, *, allow_local_http: bool = False) -> Iterator[dict[str, Any]]:
    """One result object per line of the file, in its order; each case runs by itself."""
    found = project.load(path)
    cases = [_case(line, number) for number, line in _lines(_files.read_text(path))]
    job = _job(found, "", allow_local_http=allow_local_http)
    job["limits"] = {"wall_s": BATCH_WALL_S, **job["limits"]}
    yield from _run_cases(cases, job)


def _lines(text: str) -> Iterable[tuple[int, str]]:
    # Not splitlines: U+2028 and its like are ordinary characters inside a JSON string.
    lines = enumerate(text.split("\n"), start=1)
    return ((number, line) for number, line in lines if line.strip())


def _case(line: str, number: int) -> dict[str, Any]:
    try:
        case = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise WrongUsage(f"line {number} is not JSON: {error}", code="not_json") from None
    if not isinstance(case, dict) or not isinstance(case.get("code"), str) or "id" not in case:
        raise WrongUsage(f'line {number} is not {{"id", "code", "event"?, "profile"?}}')
    return case


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


def _run_cases(cases: list[dict[str, Any]], job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    options = sandbox_options()
    boxes = [Sandbox(options) for _ in range(min(_BATCH_WORKERS, max(len(cases), 1)))]
    workers = len(boxes)
    all_boxes = tuple(boxes)

    def run(case: dict[str, Any]) -> dict[str, Any]:
        box = boxes.pop()  # as many boxes as threads: one is always free
        try:
            return {"id": case["id"], **_one_case(box, job, case)}
        except SandboxRefused:
            raise
        except Exception as problem:  # noqa: BLE001 - whatever one case does, the others still run
            message = f"this case cannot be run: {problem}"
            return {"id": case["id"], **_refused("CannotRun", message, isolation=level)}
        finally:
            boxes.append(box)

    try:
        for box in all_boxes:
            box.start()
        # A sandbox that does not start is nobody's result: it fails before the first case.
        (level,) = {str(box.doctor()["isolation"]) for box in all_boxes}
        with ThreadPoolExecutor(workers) as pool:
            yield from pool.map(run, cases)
    finally:
        for box in all_boxes:
            box.close()


def _one_case(box: Sandbox, job: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    given = {
        "event": case["event"] if case.get("event") is not None else sample_event(),
        "profile": case.get("profile"),
    }
    return _one(box, {**job, "source": case["code"]}, given)


def _refused(kind: str, message: str, *, isolation: str) -> dict[str, Any]:
    return {
        "outcome": "refused",
        "output": None,
        "error": {"type": kind, "message": message, "traceback": ""},
        "findings": [],
        "logs": [],
        "effects": [],
        "duration_ms": 0.0,
        "isolation": isolation,
    }


def _job(found: FunctionProject, source: str, *, allow_local_http: bool) -> dict[str, Any]:
    settings = found.settings
    return {
        "v": 1,
        "op": "run",
        "tenant": "local",
        "function": found.name,
        "version": 0,
        "source": source,
        "limits": dict(settings.get("limits", {})),
        "http_hosts": list(settings.get("http_hosts", [])),
        "secrets": {name: _secret(found, name) for name in settings.get("secrets", [])},
        "webhooks": None,
        "allow_local_http": allow_local_http,
    }


def _secret(found: FunctionProject, name: str) -> str:
    """The value in [secrets], or one that tells that none was given."""
    return str(found.local_secrets.get(name, f"no-value-for-{name}"))


def _one(sandbox: Sandbox, job: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = sandbox.run({**job, "events": [{"run_id": "run_local", **case}]})
    except CheckGaveUp as problem:  # what is not published yet is refused
        level = str(sandbox.doctor()["isolation"])
        found = [problem.finding.to_json()]
        return _refused("Refused", str(problem), isolation=level) | {"findings": found}
    (result,) = answer["results"]
    return {key: result[key] for key in _KEYS}


def sample_event() -> dict[str, Any]:
    """The event that a run gets when none is given."""
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
LocalHttp = Annotated[bool, typer.Option(help="Let the function call http:// on this machine.")]


def functions_test(
    file: Annotated[Path | None, typer.Argument(help="The function's source file.")] = None,
    *,
    event: Event = None,
    profile: Profile = None,
    batch: Batch = None,
    allow_local_http: LocalHttp = False,
    as_json: AsJson = False,
) -> None:
    """Run a function in the real sandbox, with no cloud at all.

    Settings come from `penstock.toml` beside the file. Exit code 0 whenever the sandbox did its
    job, whatever the function did. In a batch each case gets 5 s of wall clock unless
    penstock.toml says otherwise.
    """
    if (file is None) == (batch is None):
        raise WrongUsage("give a FILE, or --batch CASES.jsonl")
    if batch is not None and (event is not None or profile is not None):
        raise WrongUsage("--batch takes no --event or --profile: each of its lines has its own")
    try:
        if batch is not None:
            for result in run_batch(batch, allow_local_http=allow_local_http):
                typer.echo(json.dumps(result))
        elif file is not None:
            result = run_file(
                file,
                event=_read_json(event),
                profile=_read_json(profile),
                allow_local_http=allow_local_http,
            )
            _output.show(result, as_json=as_json, human=lambda: _for_people(result))
    except (SandboxRefused, SandboxUnavailable) as problem:
        message = f"the sandbox cannot run here: {problem}"
        raise CommandFailed(message, code="sandbox_unavailable") from None


def _read_json(path: Path | None) -> Any:
    return None if path is None else _files.read_json(path)


def _for_people(result: dict[str, Any]) -> list[str]:
    lines = [f"{result['outcome']} in {result['duration_ms']} ms ({result['isolation']})"]
    for finding in result["findings"]:
        hint = f" -> {finding['hint']}" if finding["hint"] else ""
        lines.append(f"  line {finding['line']}: {finding['message']}{hint}")
    if result["error"] and not result["findings"]:
        lines.append(result["error"]["traceback"] or result["error"]["message"])
    lines += [f"  log: {entry['message']} {entry['fields'] or ''}" for entry in result["logs"]]
    lines += [f"  effect: {json.dumps(effect)}" for effect in result["effects"]]
    if result["outcome"] == "returned":
        lines.append(json.dumps(result["output"], indent=2))
    return lines
