"""Runs cases in the sandbox, and judges what came of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cli import local_decision, local_run
from cli._errors import WrongUsage
from cli.cases import match
from cli.cases.answers import RecordedAnswers, snippet
from sandbox.host import Sandbox
from sandbox.masking import MASK, Masker
from sandbox.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cli.cases.case import Case
    from cli.cases.suite import TestedFunction
    from cli.project.functions import FunctionProject

_ENDED_WELL: Final = (Outcome.RETURNED, Outcome.DROPPED)
_WEBHOOK: Final = "whk_local"  # the webhook whose payloads a transform makes here


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What came of one case."""

    function: str  # its name
    case: Case
    result: Mapping[str, Any] | None  # as `functions test FILE --json`; None when nothing was run
    problems: tuple[str, ...]  # one sentence each; empty when the case has passed
    diff: tuple[str, ...]  # lines; empty when all is as expected
    notes: tuple[str, ...]  # what else the cloud would do
    duration_s: float  # of the whole case by the clock

    @property
    def passed(self) -> bool:
        """Whether all is as expected, and as the cloud would have it."""
        return not self.problems

    @property
    def name(self) -> str:
        """Function and case; no two cases of a suite share one, unless two functions do."""
        return f"{self.function}/{self.case.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a suite is run."""

    engine: str | None = None  # overrides what penstock.toml names; None does not
    allow_local_http: bool = False
    name_part: str = ""  # only cases with this in function/case


def run_all(functions: Iterable[TestedFunction], how: How) -> Iterator[CaseResult]:
    """The result of each case, in order.

    Raises:
        WrongUsage: no case has the wanted name, or a setting is refused.
        SandboxUnavailable: the sandbox itself failed.
    """
    todo = [
        (function, each)
        for function in functions
        for each in function.cases
        if how.name_part in f"{function.project.name}/{each.name}"
    ]
    if not todo and how.name_part:
        raise WrongUsage(f"no case has {how.name_part!r} in its name", code="no_cases")
    with Sandbox(local_run.sandbox_options()) as sandbox:
        for function, each in todo:
            yield run_case(sandbox, function, each, how=how)


def run_case(
    sandbox: Sandbox, function: TestedFunction, case: Case, *, how: How | None = None
) -> CaseResult:
    """Run one case.

    Raises:
        SandboxUnavailable: the sandbox itself failed.
    """
    started_s = time.monotonic()
    result: Mapping[str, Any] | None = None
    answers = RecordedAnswers(case.http)
    job = _job(function, case, how or How())
    reason = local_decision.not_taken(function.project.triggers, case.event)
    if reason is None:
        result = local_run.run(
            sandbox,
            job,
            {"event": case.event, "profile": case.profile},
            answerer=answers,
            webhook_id=_WEBHOOK if function.project.is_transform else None,
        )
    diff = () if result is None else _diff(case, result)
    problems = (*_unanswered(answers, job["secrets"]), *_problems(result, diff))
    return CaseResult(
        function=function.project.name,
        case=case,
        result=result,
        problems=problems if reason is None else (reason,),
        diff=diff,
        notes=() if result is None else tuple(_notes(result, function.project)),
        duration_s=time.monotonic() - started_s,
    )


def _job(function: TestedFunction, case: Case, how: How) -> dict[str, Any]:
    job = local_run.job(
        function.project, function.code, engine=how.engine, allow_local_http=how.allow_local_http
    )
    job["tenant"] = case.event["tenant"]
    job["secrets"] |= case.secrets
    job["environment"] |= case.environment
    return job


def _diff(case: Case, result: Mapping[str, Any]) -> tuple[str, ...]:
    expected = dict(case.expect)
    if "outcome" not in expected and expected.get("error") is None:
        good = result["outcome"] if result["outcome"] in _ENDED_WELL else Outcome.RETURNED
        expected = {"outcome": str(good), **expected}
    return tuple(match.difference(expected, {name: result[name] for name in expected}))


def _problems(result: Mapping[str, Any] | None, diff: tuple[str, ...]) -> list[str]:
    if result is None or not diff:
        return []
    error = result["error"]
    if error is None:
        return ["the run is not as expected"]
    errors = [each for each in result["findings"] if each["severity"] == "error"]
    findings = [f"line {each['line']}: {each['message']}" for each in errors]
    says = error["traceback"] or "; ".join([error["message"], *findings[1:]])
    return [error.get("refusal") or f"the run ended as {result['outcome']}: {says}"]


def _unanswered(answers: RecordedAnswers, secrets: Mapping[str, str]) -> Iterator[str]:
    masker = Masker(dict(secrets))
    for method, url in dict.fromkeys(answers.unanswered):
        masked = masker.text(url)
        # A pattern up to the secret, because what is shown instead of it is part of no URL.
        pattern = masked if masked == url else masked.partition(MASK)[0] + "*"
        yield (
            f"the function calls {method} {masked}, and the case records no answer;"
            f' add one to "http":\n{snippet(method, pattern)}'
        )


def _notes(result: Mapping[str, Any], function: FunctionProject) -> Iterator[str]:
    again = local_decision.retried(function.retry, result)
    if again is not None:
        yield again
    for effect in result["effects"]:
        if "parked" in effect:
            parked = effect["parked"]
            yield (
                f"the cloud would park emit({effect['topic']!r}) ({parked['code']}):"
                f" {parked['message']}"
            )


def document(results: Iterable[CaseResult], without: Iterable[str]) -> dict[str, Any]:
    """What `--json` prints of a suite.

    Args:
        results: of all cases.
        without: the names of the functions that have no case.
    """
    cases = [
        {
            "function": each.function,
            "case": each.case.name,
            "file": str(each.case.file),
            "passed": each.passed,
            "problems": list(each.problems),
            "diff": list(each.diff),
            "notes": list(each.notes),
            "result": each.result,
        }
        for each in results
    ]
    failed = sum(not each["passed"] for each in cases)
    counts = {"passed": len(cases) - failed, "failed": failed}
    return {**counts, "cases": cases, "without_cases": list(without)}
