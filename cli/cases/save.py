"""Makes a case from a run in the cloud: its event, profile, calls and end, with fakes for people.

What is said of a person is replaced in event, profile, output, effects and URLs alike, so a join
between them still holds.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from cli.cases.case import FAILURES, PROFILE_KEYS
from cli.cases.fakes import Fakes
from cli.cases.personal import Kind
from runtime.egress.policy import LOCAL_HOSTS

_EVENT_KEYS: Final = (
    "id", "topic", "occurred_at", "received_at", "origin", "hops", "profile", "properties",
)  # fmt: skip
_KIND_OF_IDENTIFIER: Final[Mapping[str, Kind]] = {
    "id": Kind.PROFILE_ID,
    "external_id": Kind.ID,
    "email": Kind.EMAIL,
    "phone": Kind.PHONE,
    "anonymous_id": Kind.ID,
}
# Words of ours in an effect, which no fake replaces.
_FIXED: Final = frozenset({"op", "method", "status", "topic", "error"})
_OF_ENVELOPE: Final = frozenset({"topic", "origin", "hops", "occurred_at", "received_at"})
_PLACEHOLDER: Final = re.compile(r"\{\{.*|\[secret\].*", re.DOTALL)
_NO_FILE_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedCase:
    """A case as it is to be written."""

    name: str  # made of the event's id; safe as the name of a file
    document: Mapping[str, Any]
    replaced: tuple[str, ...]  # a line for each place where a fake was put in
    open_answers: int  # recorded answers whose body nobody knows


def make(
    event: Mapping[str, Any], run: Mapping[str, Any], profile: Mapping[str, Any] | None
) -> SavedCase:
    """The case of a run.

    Args:
        event: the envelope as stored.
        run: its record, as the API shows it.
        profile: the person of the event, as the API shows it; None when none is on record.
    """
    fakes = Fakes()
    known_profile = _only(profile, PROFILE_KEYS)
    own_event = _only(event, _EVENT_KEYS)
    effects = [_effect(each) for each in run.get("effects") or []]
    _learn(fakes, own_event, known_profile)
    for value in (run.get("output"), effects, event.get("id")):
        fakes.learn(value)
    calls = list(_calls(run, effects))
    document: dict[str, Any] = {"event": _with_fakes(fakes, own_event, "event", _OF_ENVELOPE)}
    if profile is not None:
        document["profile"] = fakes.replace(known_profile, "profile")
    if calls:
        document["http"] = list(_answers(fakes, calls))
    document["expect"] = _expect(fakes, run, effects)
    return SavedCase(
        name=_NO_FILE_NAME.sub("-", str(document["event"].get("id", ""))).strip("-.") or "case",
        document=document,
        replaced=tuple(f"{at}: {kind}, now {fake}" for at, (kind, fake) in fakes.listed.items()),
        open_answers=sum("json" in each for each in document.get("http", [])),
    )


def text_of(document: Mapping[str, Any]) -> str:
    """The text of a case file."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _only(fields: Mapping[str, Any] | None, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: fields[name] for name in names if name in fields} if fields else {}


def _learn(fakes: Fakes, event: Mapping[str, Any], profile: Mapping[str, Any]) -> None:
    for person in (event.get("profile") or {}, profile):
        for name, kind in _KIND_OF_IDENTIFIER.items():
            if isinstance(person.get(name), str):
                fakes.learn(person[name], kind)
        for text in (person.get("names") or {}).values():
            fakes.learn(text, Kind.ID)
    for properties in (event.get("properties"), profile.get("properties")):
        fakes.learn(properties)


def _with_fakes(
    fakes: Fakes, fields: Mapping[str, Any], at: str, fixed: frozenset[str]
) -> dict[str, Any]:
    """The object with fakes in all values but those of the fixed names, which are words of ours."""
    return {
        name: value if name in fixed else fakes.replace(value, f"{at}.{name}")
        for name, value in fields.items()
    }


def _effect(effect: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in effect.items() if name != "parked"}


def _expect(fakes: Fakes, run: Mapping[str, Any], effects: list[dict[str, Any]]) -> dict[str, Any]:
    expect: dict[str, Any] = {"outcome": run["outcome"]}
    if run.get("output") is not None:
        expect["output"] = fakes.replace(run["output"], "expect.output")
    if run.get("error"):
        expect["error"] = {"type": run["error"].get("type")}
    elif effects:
        expect["effects"] = [
            _with_fakes(fakes, each, f"expect.effects[{number}]", _FIXED)
            for number, each in enumerate(effects)
        ]
    return expect


def _calls(run: Mapping[str, Any], effects: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Method, URL pattern and end of each call that was made."""
    recorded = run.get("http")
    if recorded:
        for each in recorded:
            scheme = "http" if _is_local(str(each["host"])) else "https"
            yield _call(each, f"{scheme}://{each['host']}{each['path']}")
        return
    for each in effects:
        if each.get("op") == "http":
            yield _call(each, str(each.get("url")).partition("?")[0])


def _is_local(host: str) -> bool:
    """Whether a host, perhaps with its port, is this machine; no other is called by http."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name in LOCAL_HOSTS


def _call(each: Mapping[str, Any], url: str) -> dict[str, Any]:
    pattern = _PLACEHOLDER.sub("", url)
    # The query is not on record; a secret in the path is not either, and cuts it short.
    return {"method": each.get("method"), "url": f"{pattern}*", **_end(each)}


def _end(each: Mapping[str, Any]) -> dict[str, Any]:
    if each.get("status") is not None:
        return {"status": each["status"]}
    return {"error": each.get("error")}


def _answers(fakes: Fakes, calls: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """An entry for each row of equal calls. What was refused before it went out needs none."""
    gone_out = [each for each in calls if "status" in each or each["error"] in FAILURES]
    for entry, row in groupby(gone_out):
        url = fakes.replace(entry["url"], "http.url")
        answer = {**entry, "url": url, "times": len(list(row))}
        yield answer if "error" in entry else {**answer, "json": {}}
