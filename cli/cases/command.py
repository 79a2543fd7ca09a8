"""What `penstock functions test` does with a folder, or with a file and its cases."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from cli import _files, _output, _terminal, local_run
from cli._errors import CommandFailed, WrongUsage
from cli.cases import junit, report, suite, watch
from cli.cases.run import CaseResult, How, document, run_all

if TYPE_CHECKING:
    from pathlib import Path

    from cli.cases.suite import TestedFunction

__all__ = ["How", "Request", "find", "run_suite", "tested_code"]
ALL_PASSED = 0
SOME_FAILED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the command line asks for."""

    path: Path  # a folder, or a function's source
    how: How
    junit: Path | None = None  # where to write a JUnit XML document; None writes none
    as_json: bool = False
    watched: bool = False  # run again after each change


def run_suite(request: Request) -> int:
    """Run the cases, print what came of them, and give the exit code.

    Raises:
        WrongUsage: there is no case, or a file is refused.
        CommandFailed: the sandbox cannot run here, or the JUnit file cannot be written.
    """
    if not request.watched:
        return _once(request)
    root = request.path if request.path.is_dir() else request.path.parent
    return watch.watch(
        lambda: _once_of_many(request),
        root,
        wait=threading.Event().wait,
        announce=lambda: typer.echo(f"watching {root}; Ctrl-C ends\n"),
    )


def _once_of_many(request: Request) -> int:
    try:
        return _once(request)
    except CommandFailed as failure:  # somebody is just mending it
        _output.say(f"penstock: {failure.message}", err=True)
        return failure.exit_code


def _once(request: Request) -> int:
    functions = find(request.path)
    without = [each.project.name for each in functions if not each.cases]
    results: list[CaseResult] = []
    with local_run.sandbox_faults_explained():
        for each in run_all(functions, request.how):
            results.append(each)
            if not request.as_json:
                for line in report.lines_of(each, colours=_terminal.has_colours()):
                    _output.say(line)
    if request.junit is not None:
        _files.write(request.junit, junit.report(results))
    _output.show(
        document(results, without),
        as_json=request.as_json,
        human=lambda: report.summary(results, without),
    )
    return ALL_PASSED if all(each.passed for each in results) else SOME_FAILED


def find(path: Path) -> list[TestedFunction]:
    """The functions of a folder, or of a file, with their cases.

    Raises:
        WrongUsage: there is no case, or a file is refused.
    """
    functions = suite.of_folder(path) if path.is_dir() else [suite.of_file(path)]
    if not any(each.cases for each in functions):
        where = suite.cases_folder(functions[0].project.source)
        text = f"no function of {path} has a case; write one to {where}, or let"
        raise WrongUsage(f"{text} `penstock functions case save` do it", code="no_cases")
    return functions


def tested_code(source: Path) -> str:
    """The function's code, which all of its cases have passed with.

    Raises:
        WrongUsage: there is no case, or a file is refused.
        CommandFailed: code `cases_failed`; or the sandbox cannot run here.
    """
    functions = find(source)
    with local_run.sandbox_faults_explained():
        failed = [each for each in run_all(functions, How()) if not each.passed]
    if failed:
        lines = [line for each in failed for line in report.lines_of(each, colours=False)]
        message = "\n".join(["nothing is pushed, because a case has failed", *lines])
        names = [each.name for each in failed]
        raise CommandFailed(message, code="cases_failed", details={"cases": names})
    return functions[0].code
