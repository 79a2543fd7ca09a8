"""Lambda `sweep`: takes up, every minute, what is due and nobody works on."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from functions._telemetry import begin, count, journal, logger
from runtime.errors import Transient
from runtime.wiring import sweep


@cache
def sweeps() -> Mapping[str, Callable[[], int]]:
    """The sweeps of this process."""
    return sweep.build(journal)


def handler(_event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Sweep each kind of record; if one kind fails, the others are swept all the same.

    Raises:
        Transient: the first failure, after all kinds have had their turn.
    """
    begin(context)
    swept: dict[str, int] = {}
    problems: list[Transient] = []
    for kind, chore in sweeps().items():
        try:
            swept[kind] = chore()
        except Transient as problem:
            logger.error("sweep.failed", extra={"kind": kind, "code": problem.code})
            problems.append(problem)
    count(**{f"{kind}_swept": number for kind, number in swept.items()})
    if problems:
        raise problems[0]
    return swept
