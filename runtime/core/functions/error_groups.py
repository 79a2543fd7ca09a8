"""Error groups: a function's failed runs, gathered by what failed and where.

The type of an error is the user's own word, and code can make up a new one for each event. So
the failures of a function go into at most MAX_A_DAY groups a day, whatever its code does; those
beyond them are counted in one group for each version, under the type OTHERS.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from runtime.core import ids
from runtime.core.functions.run import Outcome, Run

MAX_A_DAY: Final = 50  # groups of one function; more than anybody reads
MAX_TYPE_CHARS: Final = 100  # as many as the sandbox leaves of an exception's name
MAX_MESSAGE_CHARS: Final = 300  # the run's record has all of it
MAX_TEXT_CHARS: Final = 200  # of a source line
OTHERS: Final = "(others)"  # no exception can have this name, because it is no identifier
# A frame of a traceback begins with two blanks. The source line below it has four, and is stripped
# otherwise, so that no line of code can look like a frame.
_FRAME: Final = re.compile(
    r'^  File "function\.py", line (?P<line>[0-9]{1,7}), in [^\n]*(?:\n    (?P<text>[^\n]*))?',
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroup:
    """Failed runs of one version with the same type of error, from the same line of its source."""

    id: str
    tenant: str
    function: str
    # ISO 8601; of the function. It tells it from another one that had its name before.
    function_created_at: str
    version: int  # 0 when no version could run
    type: str  # the class of the exception; or a word of ours, such as `TimedOut` or OTHERS
    count: int  # of attempts that failed so
    first_seen: str  # ISO 8601
    last_seen: str  # ISO 8601
    # Of the newest run of the group.
    run_id: str
    outcome: Outcome
    message: str  # its beginning; empty when the error has none
    code: str | None = None  # of a refusal, such as `bad_topic`; None when the error has none
    # The last line of the user's own that the error passed, from 1. None when it passed none: the
    # run was refused, timed out or ran out of memory.
    line: int | None = None
    text: str | None = None  # of that line, stripped; None without a line


def group(runs: Iterable[Run], *, function_created_at: str) -> list[ErrorGroup]:
    """The groups of the failed ones among these runs of a function, each with what it gains."""
    groups: dict[str, ErrorGroup] = {}
    for run in runs:
        if run.outcome.failed and run.is_conclusive:
            _add(groups, _of(run, function_created_at))
    return list(groups.values())


def bounded(groups: Iterable[ErrorGroup], *, admitted: Iterable[str]) -> list[ErrorGroup]:
    """The groups, with those that may not be opened gathered under OTHERS.

    Args:
        groups: what a batch gains.
        admitted: ids of the groups that exist or may be opened.
    """
    within, admitted_ids = dict[str, ErrorGroup](), frozenset(admitted)
    for each in groups:
        _add(within, each if each.id in admitted_ids else _other(each))
    return list(within.values())


def opened(open_ids: frozenset[str], group_ids: Iterable[str]) -> frozenset[str]:
    """The ids of the day's groups after a batch of failures: the first ones, up to MAX_A_DAY.

    Args:
        open_ids: of the groups that the function's failures went into today.
        group_ids: of those that a batch has.
    """
    new_ids = [group_id for group_id in dict.fromkeys(group_ids) if group_id not in open_ids]
    room = max(0, MAX_A_DAY - len(open_ids))
    return open_ids | frozenset(new_ids[:room])


def _of(run: Run, function_created_at: str) -> ErrorGroup:
    error = run.error or {}
    kind = _text(error.get("type"), MAX_TYPE_CHARS) or str(run.outcome)
    code = _text(error.get("code"), MAX_TYPE_CHARS) or None
    line, text = _own_line(error)
    group = ErrorGroup(
        id="",
        tenant=run.tenant,
        function=run.function,
        function_created_at=function_created_at,
        version=run.version,
        type=kind,
        count=1,
        first_seen=run.created_at,
        last_seen=run.created_at,
        run_id=run.id,
        outcome=run.outcome,
        message=_text(error.get("message"), MAX_MESSAGE_CHARS),
        code=code,
        line=line,
        text=text,
    )
    return replace(group, id=_id(group, kind, code or "", "" if line is None else str(line)))


def _other(group: ErrorGroup) -> ErrorGroup:
    return replace(group, id=_id(group, OTHERS), type=OTHERS, code=None, line=None, text=None)


def _id(of: ErrorGroup, *parts: str) -> str:
    function = (of.tenant, of.function, of.function_created_at)
    return ids.derive("err", *function, str(of.version), *parts)


def _add(groups: dict[str, ErrorGroup], gain: ErrorGroup) -> None:
    before = groups.get(gain.id)
    if before is None:
        groups[gain.id] = gain
        return
    newest = max(before, gain, key=lambda each: each.last_seen)
    groups[gain.id] = replace(
        newest,
        count=before.count + gain.count,
        first_seen=min(before.first_seen, gain.first_seen),
    )


def _own_line(error: Mapping[str, Any]) -> tuple[int | None, str | None]:
    """The number and the text of the last line of the user's own that an error passed."""
    traceback = str(error.get("traceback") or "")
    # The message stands at the end, and may contain anything, lines that look like frames too.
    frames = traceback.removesuffix(str(error.get("message") or ""))
    matches = list(_FRAME.finditer(frames))
    if not matches:
        return None, None
    text = matches[-1]["text"]
    return int(matches[-1]["line"]), None if text is None else text[:MAX_TEXT_CHARS]


def _text(value: object, max_chars: int) -> str:
    return value[:max_chars] if isinstance(value, str) else ""
