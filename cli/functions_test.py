"""`penstock functions test`: runs a file, a batch or saved cases in the real sandbox, no cloud."""

import json
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import _files, _output, local_run
from cli._errors import WrongUsage
from cli._output import AsJson
from cli._progress import progress
from cli.functions_batch import run_batch
from cli.project.functions import load_function
from sandbox.engines import EngineName
from sandbox.host import Sandbox

__all__ = ["for_people", "functions_test", "run_batch", "run_file"]


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
        event: any JSON; None runs it on `local_run.sample_event`.
        profile: any JSON; None for no profile.
        sandbox: the one to run in; None starts one for this run.
        engine: overrides the engine that penstock.toml names; None does not.
        allow_local_http: whether the function may call http:// on this machine.

    Raises:
        WrongUsage: a file or a setting is refused.
    """
    function, source = load_function(path), _files.read_text(path)
    job = local_run.job(function, source, engine=engine, allow_local_http=allow_local_http)
    case = {"event": local_run.sample_event() if event is None else event, "profile": profile}
    with nullcontext(sandbox) if sandbox else Sandbox(local_run.sandbox_options()) as box:
        result = local_run.run(box, job, case)
    hints = [] if _is_source_refused(result) else function.hints(source)
    return result | {"findings": result["findings"] + hints}


Event = Annotated[Path | None, typer.Option(help="A JSON file with the event.")]
Profile = Annotated[Path | None, typer.Option(help="A JSON file with the profile.")]
Batch = Annotated[Path | None, typer.Option(help="Sources, a line each: docs/reference/batch.md.")]
Engine = Annotated[
    EngineName | None,
    typer.Option(help="Instead of the engine of penstock.toml; what a batch's line names holds."),
]
LocalHttp = Annotated[bool, typer.Option(help="Let the function call http:// on this machine.")]
Cases = Annotated[
    bool, typer.Option("--cases", help="Run the saved cases beside FILE, as for a folder.")
]
Filter = Annotated[
    str, typer.Option("--filter", help="Only cases with this in their name FUNCTION/CASE.")
]
Junit = Annotated[Path | None, typer.Option(help="Write the cases' results here as JUnit XML.")]
Watch = Annotated[bool, typer.Option("--watch", help="Run the cases again after each change.")]


def functions_test(  # noqa: PLR0913 - each option of the command is a parameter
    file: Annotated[
        Path | None, typer.Argument(help="A function's source file, or a folder with functions.")
    ] = None,
    *,
    event: Event = None,
    profile: Profile = None,
    batch: Batch = None,
    cases: Cases = False,
    name_filter: Filter = "",
    junit: Junit = None,
    watch: Watch = False,
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

    For a folder, or with --cases, the saved cases beside the functions are run: one line a case,
    what differs from the expectation, and a summary. Exit code 0 when all have passed, 1 when one
    has failed. docs/reference/cases.md describes the files.
    """
    # Deferred: `--help` needs none of it, and one run has no cases.
    from cli.cases.command import How, Request, run_suite

    of_one_run = {"--event": event, "--profile": profile, "--batch": batch}
    of_cases = {"--filter": name_filter, "--junit": junit, "--watch": watch}
    if cases or (file is not None and file.is_dir()):
        _refuse(of_one_run, "stands in each case, or is for one run")
        _refuse({"--watch": watch and as_json}, "never ends, so it prints no JSON document")
        how = How(engine=engine, allow_local_http=allow_local_http, name_part=name_filter)
        path = _given(file)
        if str(path) == "-":
            raise WrongUsage("standard input has no folder with cases beside it; give a FILE")
        raise typer.Exit(
            run_suite(Request(path=path, how=how, junit=junit, as_json=as_json, watched=watch))
        )
    _refuse(of_cases, "is for a folder, or for a FILE with --cases")
    with local_run.sandbox_faults_explained():
        if batch is not None:
            _refuse({"FILE": file}, "and --batch are two ways to say what is run; give one")
            _refuse({**of_one_run, "--batch": None}, "does not go with --batch, whose lines say it")
            with progress("running", beside_results=True) as work:
                for result in run_batch(batch, engine=engine, allow_local_http=allow_local_http):
                    typer.echo(json.dumps(result))
                    work.advance()
            return
        result = run_file(
            _given(file),
            event=_read_json(event),
            profile=_read_json(profile),
            engine=engine,
            allow_local_http=allow_local_http,
        )
    _output.show(result, as_json=as_json, human=lambda: for_people(result))
    if file is not None and event is not None:
        _warn(file, event)


def _warn(file: Path, event: Path) -> None:
    """Say on standard error when the cloud would not run the function on this event at all."""
    from cli import local_decision

    whole_event = local_decision.whole(_read_json(event))
    if whole_event is not None:
        reason = local_decision.not_taken(load_function(file).triggers, whole_event)
        if reason is not None:
            _output.say(f"penstock: {reason}", err=True)


def _given(file: Path | None) -> Path:
    if file is None:
        raise WrongUsage("give a FILE, a folder, or --batch CASES.jsonl")
    return file


def _refuse(options: Mapping[str, object], reason: str) -> None:
    """Refuse those of the options that are given: one that is ignored is believed to count."""
    for name, value in options.items():
        if value not in (None, False, ""):
            raise WrongUsage(f"{name} {reason}")


def _read_json(path: Path | None) -> Any:
    return None if path is None else _files.read_json(path)


def for_people(result: dict[str, Any]) -> list[str]:
    """Lines about a result: how it ended and on which engine, then findings, logs and effects."""
    ran = f"{result['engine']}, {result['isolation']}"
    lines = [f"{result['outcome']} in {result['duration_ms']} ms ({ran})"]
    lines += [f"  {_output.finding(finding)}" for finding in result["findings"]]
    if result["error"] and not _is_source_refused(result):
        error = result["error"]
        lines.append(error.get("refusal") or error["traceback"] or error["message"])
    lines += [f"  log: {entry['message']} {entry['fields'] or ''}" for entry in result["logs"]]
    lines += [f"  effect: {json.dumps(effect)}" for effect in result["effects"]]
    if result["outcome"] == "returned":
        lines.append(json.dumps(result["output"], indent=2))
    return lines


def _is_source_refused(result: dict[str, Any]) -> bool:
    return any(each["severity"] == "error" for each in result["findings"])
