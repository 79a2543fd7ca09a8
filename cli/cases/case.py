"""Reads case files: `cases/*.json` beside a function. docs/reference/cases.md has every key."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli import _files, local_decision, local_run
from cli._errors import WrongUsage
from cli._names import nearest
from cli.cases.answers import RecordedAnswer
from cli.cases.match import contained
from cli.project.functions import FunctionProject
from runtime.core.events import envelope
from runtime.core.events.envelope import Event
from runtime.core.functions import rules
from runtime.core.profiles import profile as profiles
from runtime.errors import BadInput
from sandbox.outcome import Outcome

# An event that does not say when it happened happened then, so that each run of a case is alike.
MOMENT: Final = "2026-01-01T00:00:00.000Z"
KEYS: Final = ("event", "profile", "secrets", "http", "environment", "expect")
IDENTIFIERS: Final = ("id", *profiles.IDENTIFIERS)
PROFILE_KEYS: Final = (*IDENTIFIERS, "properties")
EXPECT_KEYS: Final = ("outcome", "output", "effects", "error", "logs")
ANSWER_KEYS: Final = ("method", "url", "status", "error", "headers", "body", "json", "times")
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
# How a call can fail that the sandbox lets go out.
FAILURES: Final = (
    "connect_refused", "connect_timeout", "dns_failure", "dns_timeout", "protocol_error", "reset",
    "timeout", "tls_error", "unreachable",
)  # fmt: skip
_LEAST_STATUS: Final = 200
_MOST_STATUS: Final = 599


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One saved case of a function."""

    name: str  # the file's name without `.json`
    file: Path
    event: Mapping[str, Any]  # whole, as the cloud would give it to the function
    profile: Mapping[str, Any] | None  # as the function sees it; None when none is on record
    secrets: Mapping[str, str]  # fakes by name; they go before those of penstock.toml
    http: tuple[RecordedAnswer, ...]  # the answers to the function's calls
    environment: Mapping[str, str]  # variables by name; they go before those of penstock.toml
    expect: Mapping[str, Any]  # keys of EXPECT_KEYS; empty when the run has just to end well


def load(file: Path, function: FunctionProject) -> Case:
    """The case in a file of this function.

    Raises:
        WrongUsage: code `bad_case`: the message names the file, the key and the way out; or the
            file cannot be read, or is not JSON.
    """
    raw = _files.read_json(file)
    try:
        return _case(raw, file, function)
    except BadInput as problem:
        at = f"{problem.field}: " if problem.field else ""
        raise WrongUsage(f"{file}: {at}{problem.message}", code="bad_case") from problem


def _case(raw: object, file: Path, function: FunctionProject) -> Case:
    fields = _object(raw, "", KEYS)
    if "event" not in fields:
        raise BadInput("is missing; every case has one", field="event")
    event = _event(fields["event"])
    return Case(
        name=file.stem,
        file=file,
        event=event.to_json(),
        profile=_profile(fields.get("profile"), event),
        secrets=_secrets(fields.get("secrets", {}), function),
        http=_each(fields.get("http", []), "http", _answer),
        environment=_environment(fields.get("environment", {}), function),
        expect=_expect(fields.get("expect", {})),
    )


def _object(raw: object, at: str, known: Collection[str] | None = None) -> Mapping[str, Any]:
    """A JSON object; with `known`, one without any other key."""
    if not isinstance(raw, Mapping):
        raise BadInput("must be a JSON object", field=at)
    for key in raw:
        if known is not None and key not in known:
            place = f"{at}.{key}" if at else str(key)
            raise BadInput(f"unknown key; {nearest(str(key), known)}", field=place)
    return raw


def _each(
    raw: object, at: str, read: Callable[[object, str], RecordedAnswer]
) -> tuple[RecordedAnswer, ...]:
    if not isinstance(raw, list):
        raise BadInput("must be a list", field=at)
    return tuple(read(item, f"{at}[{number}]") for number, item in enumerate(raw))


def _texts(raw: object, at: str) -> dict[str, str]:
    texts = _object(raw, at)
    for name, value in texts.items():
        if not isinstance(value, str):
            raise BadInput("must be text", field=f"{at}.{name}")
    return dict(texts)


def _event(raw: object) -> Event:
    """The event as the door of the cloud takes it; what it need not name is filled in."""
    plain = {"id": "evt_case", "tenant": local_run.TENANT}
    fields = _object(raw, "event")
    now = fields.get("occurred_at")
    try:
        return envelope.parse({**plain, **fields}, now=now if isinstance(now, str) else MOMENT)
    except BadInput as problem:
        at = f"event.{problem.field}" if problem.field else "event"
        raise BadInput(f"the cloud refuses this event: {problem.message}", field=at) from problem


def _profile(raw: object, event: Event) -> Mapping[str, Any] | None:
    if raw is None:
        return None
    fields = _object(raw, "profile", PROFILE_KEYS)
    profile_id = profiles.id_of(event)
    if profile_id is None:
        text = "the event names nobody, so the cloud would run it without a profile; say in"
        raise BadInput(f"{text} event.profile whom it is about", field="profile")
    for name in IDENTIFIERS:
        if not isinstance(fields.get(name), str | None):
            raise BadInput("must be text or null", field=f"profile.{name}")
    properties = _object(fields.get("properties", {}), "profile.properties")
    local_decision.check_profile(fields)
    identifiers = {name: fields.get(name) for name in IDENTIFIERS}
    return {**identifiers, "id": fields.get("id") or profile_id, "properties": dict(properties)}


def _secrets(raw: object, function: FunctionProject) -> dict[str, str]:
    secrets = _texts(raw, "secrets")
    declared = function.settings.get("secrets", [])
    for name, value in secrets.items():
        if name not in declared:
            text = "the function does not declare it, so the cloud would not give it; add it to"
            raise BadInput(f"{text} `secrets` of penstock.toml", field=f"secrets.{name}")
        rules.check_secret_value(value, field=f"secrets.{name}")
    return secrets


def _environment(raw: object, function: FunctionProject) -> dict[str, str]:
    environment = _texts(raw, "environment")
    rules.check_environment({**function.settings.get("environment", {}), **environment})
    return environment


def _answer(raw: object, at: str) -> RecordedAnswer:
    fields = _object(raw, at, ANSWER_KEYS)
    method, url = fields.get("method"), fields.get("url")
    if method not in METHODS:
        raise BadInput(f"must be one of {', '.join(METHODS)}", field=f"{at}.method")
    if not isinstance(url, str) or not url:
        raise BadInput("must be a URL, or its beginning with * at the end", field=f"{at}.url")
    headers = _texts(fields.get("headers", {}), f"{at}.headers")
    body = _body(fields, at)
    if "json" in fields and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = "application/json"
    return RecordedAnswer(
        method=method,
        url=url,
        status=_status(fields, at),
        error=fields.get("error"),
        headers=tuple(headers.items()),
        body=body,
        times=_times(fields.get("times"), at),
    )


def _body(fields: Mapping[str, Any], at: str) -> bytes:
    if "json" in fields and "body" in fields:
        raise BadInput("give json or body, not both", field=f"{at}.body")
    if "json" in fields:
        return json.dumps(fields["json"], ensure_ascii=False).encode()
    body = fields.get("body", "")
    if not isinstance(body, str):
        raise BadInput("must be text; for JSON there is the key json", field=f"{at}.body")
    return body.encode()


def _status(fields: Mapping[str, Any], at: str) -> int | None:
    status = fields.get("status")
    if "error" in fields:
        if status is not None:
            raise BadInput("a call that fails has no status", field=f"{at}.status")
        if fields["error"] not in FAILURES:
            raise BadInput(f"must be one of {', '.join(FAILURES)}", field=f"{at}.error")
        return None
    if type(status) is not int or not _LEAST_STATUS <= status <= _MOST_STATUS:
        rule = f"must be a whole number from {_LEAST_STATUS} to {_MOST_STATUS}; a call that fails"
        raise BadInput(f"{rule} has `error` instead", field=f"{at}.status")
    return status


def _times(times: object, at: str) -> int | None:
    if times is None or (isinstance(times, int) and times is not True and times > 0):
        return times
    raise BadInput("must be a whole number above 0", field=f"{at}.times")


def _expect(raw: object) -> Mapping[str, Any]:
    expect = _object(raw, "expect", EXPECT_KEYS)
    outcome = expect.get("outcome")
    if "outcome" in expect and outcome not in list(Outcome):
        near = nearest(str(outcome), list(Outcome))
        raise BadInput(f"{outcome!r} is no outcome; {near}", field="expect.outcome")
    for name in ("effects", "logs"):
        value = expect.get(name, [])
        if not isinstance(value, list) and contained(value) is None:
            raise BadInput('must be a list or {"contains": [...]}', field=f"expect.{name}")
    if not isinstance(expect.get("error"), Mapping | None):
        raise BadInput("must be an object such as {type, message}, or null", field="expect.error")
    return expect
