"""`penstock functions test`: one file, or a batch of cases, through the real sandbox, no cloud."""

from __future__ import annotations

import json
import os
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sandbox.host import Options, Sandbox
from sandbox.process import SandboxRefused, SandboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

BATCH_WALL_S = 5.0  # a batch is a test suite: a loop without end should not hold it for long
_BATCH_WORKERS = 2
_KEYS = (
    "outcome", "output", "error", "findings", "logs", "effects", "duration_ms", "isolation",
)  # fmt: skip


class UsageWrong(Exception):
    """What was asked for cannot be done; the message says why and what to write instead."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What `penstock.toml` beside the file says about the function."""

    tenant: str = "local"
    hosts: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    allow_local_http: bool = False


def read_settings(folder: Path, function: str) -> Settings:
    """The settings of this function: [functions.NAME] over [function]; absent ones are defaults."""
    path = folder / "penstock.toml"
    if not path.is_file():
        return Settings()
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageWrong(f"{path} is not TOML: {error}") from None
    common = _table(tables.get("function", {}), path)
    own = _table(_table(tables.get("functions", {}), path).get(function, {}), path)
    merged = {**common, **own}
    hosts = merged.get("hosts", [])
    if not isinstance(hosts, list) or not all(isinstance(host, str) for host in hosts):
        raise UsageWrong(f'{path}: hosts is a list of names, such as ["api.example.com"]')
    return Settings(
        tenant=str(merged.get("tenant", "local")),
        hosts=tuple(hosts),
        secrets=_secrets(merged.get("secrets", {}), path),
        limits=_table(merged.get("limits", {}), path),
        allow_local_http=merged.get("allow_local_http") is True,
    )


def _table(value: Any, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageWrong(f"{path}: a table was expected")
    return value


def _secrets(declared: Any, path: Path) -> dict[str, str]:
    """A table gives values; a list only names, whose values come from PENSTOCK_SECRET_<NAME>."""
    if isinstance(declared, list):
        names = [str(name) for name in declared]
        return {name: os.environ.get(f"PENSTOCK_SECRET_{name}", "") for name in names}
    return {name: str(value) for name, value in _table(declared, path).items()}


def sandbox_options() -> Options:
    """The options that this machine's environment asks for."""
    level = os.environ.get("PENSTOCK_SANDBOX_ISOLATION", "auto")
    if level not in {"auto", "seccomp", "rlimit"}:
        raise UsageWrong("PENSTOCK_SANDBOX_ISOLATION is auto, seccomp or rlimit")
    return Options(level, os.environ.get("PENSTOCK_ALLOW_WEAK_SANDBOX") == "1")


def run_file(
    path: Path, *, event: Any = None, profile: Any = None, sandbox: Sandbox | None = None
) -> dict[str, Any]:
    """The result object of one run of this file, as DESIGN 3.5 writes it."""
    try:
        source = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageWrong(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageWrong(f"{path} is not UTF-8 text") from None
    settings = read_settings(path.parent, path.stem)
    job = _job(path.stem, source, settings)
    case = {"event": sample_event() if event is None else event, "profile": profile}
    if sandbox is not None:
        return _one(sandbox, job, case)
    with Sandbox(sandbox_options()) as own:
        return _one(own, job, case)


def run_batch(path: Path) -> Iterator[dict[str, Any]]:
    """One result object per line of the file, in its order; each case runs by itself."""
    settings = read_settings(path.parent, path.stem)
    limits = {"wall_s": BATCH_WALL_S, **settings.limits}
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise UsageWrong(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageWrong(f"{path} is not UTF-8 text") from None
    cases = [_case(line, number) for number, line in _lines(text)]
    yield from _run_cases(cases, settings, limits)


def _lines(text: str) -> Iterable[tuple[int, str]]:
    # Not splitlines: U+2028 and its like are ordinary characters inside a JSON string.
    lines = enumerate(text.split("\n"), start=1)
    return ((number, line) for number, line in lines if line.strip())


def _case(line: str, number: int) -> dict[str, Any]:
    try:
        case = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageWrong(f"line {number} is not JSON: {error}") from None
    if not isinstance(case, dict) or not isinstance(case.get("code"), str) or "id" not in case:
        raise UsageWrong(f'line {number} is not {{"id", "code", "event"?, "profile"?}}')
    return case


def _run_cases(
    cases: list[dict[str, Any]], settings: Settings, limits: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    options = sandbox_options()
    boxes = [Sandbox(options) for _ in range(min(_BATCH_WORKERS, max(len(cases), 1)))]
    for box in boxes:
        box.start()

    def run(case: dict[str, Any]) -> dict[str, Any]:
        box = boxes.pop()  # as many boxes as threads: one is always free
        try:
            job = {**_job("batch", case["code"], settings), "limits": limits}
            given = {
                "event": case["event"] if case.get("event") is not None else sample_event(),
                "profile": case.get("profile"),
            }
            return {"id": case["id"], **_one(box, job, given)}
        finally:
            boxes.append(box)

    workers = len(boxes)
    try:
        with ThreadPoolExecutor(workers) as pool:
            yield from pool.map(run, cases)
    finally:
        for box in boxes:
            box.close()


def _job(function: str, source: str, settings: Settings) -> dict[str, Any]:
    return {
        "v": 1,
        "op": "run",
        "tenant": settings.tenant,
        "function": function,
        "version": 0,
        "source": source,
        "limits": dict(settings.limits),
        "http_hosts": list(settings.hosts),
        "secrets": dict(settings.secrets),
        "webhooks": None,
        "allow_local_http": settings.allow_local_http,
    }


def _one(sandbox: Sandbox, job: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    answer = sandbox.run({**job, "events": [{"run_id": "run_local", **case}]})
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


def _read_json(path: Path | None) -> Any:
    if path is None:
        return None
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageWrong(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UsageWrong(f"{path} is not JSON: {error}") from None


def functions_test(
    file: Annotated[Path | None, typer.Argument(help="The function's source file.")] = None,
    event: Annotated[Path | None, typer.Option(help="A JSON file with the event.")] = None,
    profile: Annotated[Path | None, typer.Option(help="A JSON file with the profile.")] = None,
    batch: Annotated[Path | None, typer.Option(help="A JSONL file of cases, one per line.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002 - Typer's flag
) -> None:
    """Run a function in the real sandbox, with no cloud at all.

    Settings come from `penstock.toml` beside the file. Exit code 0 whenever the sandbox did its
    job, whatever the function did; 2 on wrong usage. In a batch each case gets 5 s of wall clock
    unless penstock.toml says otherwise.
    """
    try:
        _run_command(file, event=event, profile=profile, batch=batch, as_json=as_json)
    except UsageWrong as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    except (SandboxRefused, SandboxUnavailable) as error:
        typer.echo(f"error: the sandbox cannot run here: {error}", err=True)
        raise typer.Exit(1) from None


def _run_command(
    file: Path | None,
    *,
    event: Path | None,
    profile: Path | None,
    batch: Path | None,
    as_json: bool,
) -> None:
    if (file is None) == (batch is None):
        raise UsageWrong("give a FILE, or --batch CASES.jsonl")
    if batch is not None:
        for result in run_batch(batch):
            typer.echo(json.dumps(result))
        return
    assert file is not None  # noqa: S101 - one of the two is given
    result = run_file(file, event=_read_json(event), profile=_read_json(profile))
    typer.echo(json.dumps(result) if as_json else _for_people(result))


def _for_people(result: dict[str, Any]) -> str:
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
    return "\n".join(lines)
