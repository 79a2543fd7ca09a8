"""A suite's results as lines for people: one a case, the differences, and a summary."""

from collections.abc import Iterable, Iterator, Sequence

from cli import _diff
from cli.cases.run import CaseResult

_PASSED, _FAILED = "ok   ", "FAIL "
_INDENT = "    "


def lines_of(each: CaseResult, *, colours: bool) -> Iterator[str]:
    """The lines about one case; a case that has passed has one, and one for each note.

    Args:
        each: what came of the case.
        colours: whether the lines go to a terminal, which shows colours.
    """
    yield f"{_PASSED if each.passed else _FAILED} {each.name}"
    if not each.passed:
        for problem in each.problems:
            yield from _indented(problem.split("\n"))
        yield from _indented(_diff.coloured(each.diff) if colours else each.diff)
    yield from _indented(f"note: {note}" for note in each.notes)


def summary(results: Sequence[CaseResult], without: Sequence[str]) -> list[str]:
    """The last lines of a suite.

    Args:
        results: of all cases.
        without: the names of the functions that have no case.
    """
    failed = sum(not each.passed for each in results)
    functions = len({each.function for each in results})
    counts = f"{len(results) - failed} passed, {failed} failed"
    lines = [f"{_count(len(results), 'case')} of {_count(functions, 'function')}: {counts}"]
    if without:
        lines.append(f"without a case: {', '.join(without)}")
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    # A line with colours stays one.
    return (type(line)(f"{_INDENT}{line}") for line in lines)
