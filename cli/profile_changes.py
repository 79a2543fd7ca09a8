"""`penstock profiles set|merge|unmerge|bulk`: what changes profiles."""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import _files, _output, client
from cli._errors import WrongUsage
from cli._output import AsJson

RECORDS: Final = 1000  # of one call, as the API takes them
ProfileId = Annotated[str, typer.Argument(help="The profile's id.")]
Pairs = list[str] | None


def set_profile(  # noqa: PLR0913 - each option of the command is a parameter
    profile_id: ProfileId,
    pairs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Properties; a value is JSON, or a text."),
    ] = None,
    *,
    unset: Annotated[Pairs, typer.Option(metavar="KEY", help="Take a property away.")] = None,
    append: Annotated[
        Pairs, typer.Option(metavar="KEY=VALUE", help="Put a value into a list, if it lacks it.")
    ] = None,
    remove: Annotated[
        Pairs, typer.Option(metavar="KEY=VALUE", help="Take a value out of a list.")
    ] = None,
    increment: Annotated[
        Pairs, typer.Option(metavar="KEY=NUMBER", help="Add to a number; none counts as 0.")
    ] = None,
    subscribe: Annotated[
        Pairs, typer.Option(metavar="CHANNEL", help="email, sms or push: the person says yes.")
    ] = None,
    unsubscribe: Annotated[
        Pairs, typer.Option(metavar="CHANNEL", help="email, sms or push: the person says no.")
    ] = None,
    source: Annotated[str, typer.Option(help="Where the person has said so.")] = "",
    add_name: Annotated[
        Pairs, typer.Option(metavar="KIND=NAME", help="Let a name lead to the profile.")
    ] = None,
    remove_name: Annotated[
        Pairs, typer.Option(metavar="KIND=NAME", help="Let a name lead here no more.")
    ] = None,
    if_match: client.IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Change a profile: its properties, lists, numbers, consent and names."""
    said = [("subscribed", each) for each in subscribe or []]
    said += [("unsubscribed", each) for each in unsubscribe or []]
    fields = {
        "set": dict(_pair(each, _value) for each in pairs or []),
        "unset": unset or [],
        "append": _lists(append, _value),
        "remove": _lists(remove, _value),
        "increment": dict(_pair(each, _value) for each in increment or []),
        "consent": {channel: {"status": status, "source": source} for status, channel in said},
        "add_names": _lists(add_name, str),
        "remove_names": _lists(remove_name, str),
    }
    changes = {name: value for name, value in fields.items() if value}
    if not changes:
        raise WrongUsage("say what to change; see --help", code="nothing_to_change")
    path = f"/v1/profiles/{client.segment(profile_id)}"
    profile = client.connect().patch(path, changes, if_match=if_match)
    _output.show(profile, as_json=as_json, human=lambda: _output.record(profile))


def merge(
    profile_id: ProfileId,
    other_id: Annotated[str, typer.Argument(help="The id of the same person's other profile.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Merge two profiles of one person; the older id survives, and the other leads to it."""
    body = {"profile_ids": [profile_id, other_id]}
    profile = client.connect().post("/v1/profiles/merge", body)
    _output.show(profile, as_json=as_json, human=lambda: _output.record(profile))


def unmerge(
    profile_id: Annotated[str, typer.Argument(help="The id that was merged away.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Part a profile from the one that it was merged into; no event merges the two again."""
    profile = client.connect().post("/v1/profiles/unmerge", {"profile_id": profile_id})
    _output.show(profile, as_json=as_json, human=lambda: _output.record(profile))


def bulk(
    file: Annotated[
        Path,
        typer.Argument(help="JSONL: `profile`, as in an event, and changes; - for stdin."),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Make or change many profiles by the names of their people, a record a line.

    It ends with 1 if a record failed; the others are stored.
    """
    records = _records(file)
    api = client.connect()
    totals = {"created": 0, "updated": 0, "failed": 0}
    failed: list[Any] = []
    line = 0
    while chunk := list(islice(records, RECORDS)):
        answer = api.post("/v1/profiles/bulk", {"records": chunk})
        for result in answer["results"]:
            line += 1
            if result["error"] is not None:
                failed.append({"record": line, **result["error"]})
        totals = {name: count + answer[name] for name, count in totals.items()}
    document = {**totals, "failures": failed}

    def human() -> Iterator[_output.Part]:
        yield ", ".join(f"{name} {count}" for name, count in totals.items())
        if failed:
            yield _output.table(failed, ("record", "code", "field", "message"))

    _output.show(document, as_json=as_json, human=human)
    if failed:
        raise typer.Exit(1)


def _records(file: Path) -> Iterator[Any]:
    for number, line in _files.lines(_files.read_text(file)):
        record = _files.parse_json(line, origin=f"{file}, line {number}")
        if not isinstance(record, dict):
            raise WrongUsage(f"{file}, line {number}: must be an object", code="not_an_object")
        yield record


def _pair(text: str, read: Callable[[str], Any]) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise WrongUsage(f"{text}: write KEY=VALUE", code="no_pair")
    return key, read(value)


def _lists(texts: Sequence[str] | None, read: Callable[[str], Any]) -> dict[str, list[Any]]:
    lists: dict[str, list[Any]] = {}
    for text in texts or []:
        key, value = _pair(text, read)
        lists.setdefault(key, []).append(value)
    return lists


def _value(text: str) -> Any:
    """JSON as it says, and anything else as the text that it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text
