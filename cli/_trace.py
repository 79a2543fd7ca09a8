"""The trace of an event as text: who took it, why the others did not, and what came of it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cli import _output
from runtime.core import timestamps

# Nothing but the name is worth saying of subscribers with these verdicts, for which nothing ran and
# nothing was sent.
_ELSEWHERE: Final = {
    "other_topic": "not its topic",
    "no_trigger": "functions without a trigger",
}


def lines(event: Mapping[str, Any], trace: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The subscribers that the event was for, each with what it made of it; then all others."""
    for each in trace:
        if not _is_elsewhere(each):
            yield ""
            yield f"{_name(each)}: {_verdict(each, event)}"
            yield from (f"  {line}" for line in _details(each))
    for verdict, title in _ELSEWHERE.items():
        names = [_name(each) for each in trace if _is_elsewhere(each, verdict)]
        yield from ["", f"{title}: {', '.join(names)}"] if names else []


def _is_elsewhere(traced: Mapping[str, Any], *verdicts: str) -> bool:
    done = traced["run"] or traced["delivery"]
    return traced["verdict"] in (verdicts or _ELSEWHERE) and not done


def _name(traced: Mapping[str, Any]) -> str:
    if traced["kind"] == "function":
        return f"function {traced['id']}"
    name = "" if traced["name"] is None else f" ({traced['name']})"
    return f"webhook {traced['id']}{name}"


def _verdict(traced: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """The verdict of today, and what it means beside what was done."""
    done = traced["run"] or traced["delivery"]
    match traced["verdict"]:
        case None:
            return "a function or a replay sent it there, too"
        case "matched" if done:
            return "matched"
        case "matched":
            return f"matched, but {_undone(traced, event)}"
        case verdict:
            no = "its filter said no" if verdict == "filtered" else _ELSEWHERE[verdict]
            return f"{no}, as it is now; it had the event all the same" if done else no


def _undone(traced: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    if traced["created_at"] > event["received_at"]:
        return f"it was created after the event came, at {traced['created_at']}"
    if not traced["enabled"]:
        return f"it is disabled ({traced['disabled_reason'] or 'switched off'})"
    return "nothing is recorded yet: it is on its way, or waits for its function"


def _details(traced: Mapping[str, Any]) -> Iterator[str]:
    for refusal in traced["refusals"]:
        yield _refusal(refusal)
    if traced["refusals_left_out"]:
        yield f"and {traced['refusals_left_out']} more lines of the filter"
    if traced["run"] is not None:
        yield from _run(traced["run"])
    if traced["delivery"] is not None:
        yield from _delivery(traced["delivery"])


def _refusal(refusal: Mapping[str, Any]) -> str:
    number = refusal["trigger"]
    trigger = f"trigger {number + 1}, " if number else ""
    wanted = " or ".join(map(_json, refusal["wanted"]))
    found = ", ".join(map(_json, refusal["found"])) or f"nothing at {refusal['place']}"
    apart = ", in no element together with the other lines" if refusal["apart"] else ""
    return f"{trigger}{refusal['at']} wants {wanted}; the event has {found}{apart}"


def _run(run: Mapping[str, Any]) -> Iterator[str]:
    due = (
        ""
        if run["due_at_ms"] is None
        else f"; due again {timestamps.of_epoch_ms(run['due_at_ms'])}"
    )
    yield (
        f"run {run['id']}: {run['outcome']} in attempt {run['attempt']} at {run['created_at']}"
        f" (version {run['version']}){due}"
    )
    error = run["error"]
    if error is not None:
        sentence = f"{error.get('type')}: {error.get('message')}"
        yield from (f"  {line}" for line in (error.get("traceback") or sentence).split("\n"))


def _delivery(delivery: Mapping[str, Any]) -> Iterator[str]:
    reason = "" if delivery["reason"] is None else f" ({delivery['reason']})"
    due_at_ms = delivery["due_at_ms"]
    due = "" if due_at_ms is None else f"; due {timestamps.of_epoch_ms(due_at_ms)}"
    yield f"delivery {delivery['id']}: {delivery['status']}{reason}{due}"
    for attempt in delivery["attempts"]:
        yield (
            f"  attempt {attempt['number']} at {attempt['started_at']},"
            f" {attempt['duration_ms']} ms: {attempt['sentence']}"
        )
        yield from (f"    {line}" for line in _output.excerpt(attempt["answer_excerpt"]))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
