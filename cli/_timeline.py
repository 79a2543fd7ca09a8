"""A timeline as text: what happened to a person, and what came of it, the newest first."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Entry = Mapping[str, Any]


def lines(entries: Iterable[Entry]) -> Iterator[str]:
    """Each entry, with what belongs to it indented below."""
    for entry in entries:
        yield f"{entry['at']}  {_headline(entry)}"
        yield from (f"  {line}" for line in _details(entry))


def _headline(entry: Entry) -> str:
    match entry["kind"]:
        case "event":
            return f"event {entry['topic']} ({entry['id']})"
        case "change":
            return f"changed by {entry['cause'] or 'an un-merge'}"
        case "merge":
            return f"merged: {_listed(entry['profile_ids'])} became part of {entry['profile_id']}"
        case "unmerge":
            return f"un-merged: {entry['profile_id']} parted from {_listed(entry['profile_ids'])}"
        case _:
            name = f"{entry['name_kind']} {_json(entry['name_value'])}"
            return f"refused: {name} of {entry['event_id']} ({entry['rule']}){_other(entry)}"


def _details(entry: Entry) -> Iterator[str]:
    for change in entry["changes"]:
        yield f"{change['attribute']}: {_value(change, 'before')} → {_value(change, 'after')}"
    if entry["changes_left_out"]:
        yield f"and {entry['changes_left_out']} more attributes"
    for run in entry["runs"]:
        yield (
            f"run of {run['function']}: {run['outcome']} in attempt {run['attempt']} ({run['id']})"
        )
    for delivery in entry["deliveries"]:
        reason = "" if delivery["reason"] is None else f", {delivery['reason']}"
        state = f"{delivery['status']}{reason} ({delivery['id']})"
        yield f"to webhook {delivery['webhook_id']}: {state}"
    if entry["is_partial"]:
        yield f"and more: penstock events show {entry['id']}"


def _other(entry: Entry) -> str:
    return "" if entry["other_id"] is None else f"; it leads to {entry['other_id']}"


def _listed(profile_ids: Iterable[str]) -> str:
    return ", ".join(profile_ids)


def _value(change: Mapping[str, Any], side: str) -> str:
    value = change[side]
    if value is None:
        return "nothing"
    return f"{value}…" if change["is_cut"] and isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
