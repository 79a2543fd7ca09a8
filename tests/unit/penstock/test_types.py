"""The types for authors: as the sandbox is, and of use to a type checker."""

import inspect
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import pytest

import penstock
from penstock import _events
from runtime.core.events import envelope, topics
from runtime.core.functions import health
from runtime.core.functions.canary import CanaryFailure, Counts
from runtime.core.functions.health import Health
from runtime.core.pacing import endpoint_health
from runtime.core.pacing.endpoint_health import Notice, NoticeKind
from runtime.core.profiles.profile import Profile
from runtime.core.warehouse import health as sync_health
from runtime.core.warehouse.gap import Gap
from sandbox.sdk import context, http, outcomes, types
from tests.warehouse_records import a_sync

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted(
    [
        *(ROOT / "examples" / "functions").glob("*/function.py"),
        *(ROOT / "examples" / "orders" / "functions").glob("*.py"),
    ]
)
NOW = "2026-11-26T00:00:00.000Z"
HANDLER = re.compile(r"^def handler\(([\w, ]*)\):$", re.MULTILINE)
ANNOTATIONS = {"event": "Event", "profile": "Profile", "context": "Context"}
HEAD = """
from __future__ import annotations
from typing import Any, TypedDict
from penstock import *

class Order(TypedDict):
    value: float

"""
# A handler's parameters and result, the line that is wrong, and what mypy says of it.
MISTAKES = [
    ("event: Event", 'return event["propertys"]', 'has no key "propertys"'),
    ("event: Event", 'return event["profile"]["mail"]', 'has no key "mail"'),
    ("event: Event", 'event["hops"] + ""', "Unsupported operand types"),
    ("event: MetricEvent[Order]", 'event["properties"]["value"] + ""', "Unsupported operand"),
    ("event: MetricEvent[Order]", 'event["properties"]["valu"]', 'has no key "valu"'),
    ("event: EmailEvent", 'event["topic"] == "message.email.clickd"', "Non-overlapping equality"),
    ("event: WebhookEvent", 'event["properties"]["id"]', 'has no key "id"'),
    ("event: Event, profile: Profile | None", 'return profile["id"]', "is not indexable"),
    ("event: Event, profile: Profile", 'return profile["name"]', 'has no key "name"'),
    ("event: Event, context: Context", "context.emitt('metric.x')", 'has no attribute "emitt"'),
    ("event: Event, context: Context", "context.emit('metric.x', [1])", "incompatible type"),
    ("event: Event, context: Context", "context.log('a', 'b')", "Too many arguments"),
    ("event: Event, context: Context", "context.run_id = 'x'", "read-only"),
    ("event: Event, context: Context", "context.http.get('u', body=1)", "Unexpected keyword"),
    ("event: Event, context: Context", "context.http.get('u').status + ''", "Unsupported operand"),
    ("event: Event, context: Context", "context.profile.data.a", 'has no attribute "a"'),
    ("event: Event", "raise RetryEror('x')", 'Name "RetryEror" is not defined'),
]
FINE = """
def email_of(event: Event) -> str | None:
    return event["profile"].get("email")

def call(http: Http) -> Answer:
    return http.post("https://a.example", json=[1], headers={"a": "b"}, timeout=2.5)

def on_order(event: MetricEvent[Order]) -> float:
    return event["properties"]["value"]

def on_email(event: EmailEvent) -> bool:
    return event["topic"] == "message.email.clicked" and email_of(event) is not None

def on_notice(event: WebhookEvent) -> str:
    return event["properties"]["webhook_id"]

def handler(event: Event, profile: Profile | None, context: Context) -> list[Any]:
    context.profile.set({"a b": 1}, vip=True)
    context.profile.unset("a", "b")
    context.emit("metric.x")
    context.emit("metric.y", {"a": context.profile.data})
    context.deliver("whk_1", [1])
    context.log("x", message=1)
    if event["properties"]["value"] > context.deadline_ms - 1_000:
        raise RetryError("late")
    email = profile["email"] if profile else email_of(event)
    return [email, call(context.http).json(), context.secret("A"), context.tenant, context.run_id]
"""


def mypy(folder: Path, sources: Iterable[str], *flags: str) -> list[str]:
    """What mypy says of these sources, each a module of its own; one line for each error."""
    files = []
    for number, source in enumerate(sources):
        files.append(folder / f"function_{number}.py")
        files[-1].write_text(source, encoding="utf-8")
    cache = ROOT / ".mypy_cache" / "functions"
    done = subprocess.run(  # noqa: S603 - our own type checker
        [sys.executable, "-m", "mypy", "--config-file=", f"--cache-dir={cache}", *flags, *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return [line for line in done.stdout.splitlines() if ": error: " in line]


def annotated(source: str) -> str:
    """The function with types at its handler."""

    def typed(match: re.Match[str]) -> str:
        names = [name.strip() for name in match[1].split(",")]
        return f"def handler({', '.join(f'{name}: {ANNOTATIONS[name]}' for name in names)}) -> Any:"

    result, count = HANDLER.subn(typed, source)
    assert 1 == count
    return f"{HEAD}\n{result}"


def test_mypy_accepts_every_example_as_it_is(tmp_path: Path) -> None:
    """Most functions have no annotations, and an editor shows them no error."""
    sources = [path.read_text(encoding="utf-8") for path in EXAMPLES]

    assert [] == mypy(tmp_path, sources, "--check-untyped-defs")


def test_mypy_accepts_every_example_with_types_at_its_handler(tmp_path: Path) -> None:
    """An author who adds the three types gets help, and no work."""
    sources = [annotated(path.read_text(encoding="utf-8")) for path in EXAMPLES]

    assert [] == mypy(tmp_path, sources, "--check-untyped-defs")


def test_mypy_reports_each_mistake_once(tmp_path: Path) -> None:
    """One mistake is one error, at its line, in words that name the field."""
    sources = [f"{HEAD}def handler({names}) -> Any:\n    {line}\n" for names, line, _ in MISTAKES]

    errors = mypy(tmp_path, sources, "--strict")

    assert len(MISTAKES) == len(errors), errors
    by_function = {int(line.partition("function_")[2].partition(".")[0]): line for line in errors}
    for number, (_, line, why) in enumerate(MISTAKES):
        assert why in by_function[number], line


def test_mypy_accepts_strictly_what_is_right(tmp_path: Path) -> None:
    """Everything that a context does, in the ways in which functions use it."""
    assert [] == mypy(tmp_path, [HEAD + FINE], "--strict")


def test_the_sandbox_has_exactly_the_names_of_the_stub() -> None:
    """A name that an editor offers must be there when the function runs, and the reverse."""
    assert sorted(penstock.__all__) == sorted({**outcomes.EXPORTS, **types.EXPORTS})
    assert penstock.__all__ == sorted(penstock.__all__)


@pytest.mark.parametrize(
    ("stub", "sdk"),
    [
        (penstock.Context, context.Context),
        (penstock.ProfileChanges, context.Profile),
        (penstock.Http, http.Http),
        (penstock.Answer, http.Answer),
    ],
)
def test_the_stub_has_exactly_the_members_of_the_sandboxs_objects(stub: type, sdk: type) -> None:
    """With their parameters, but for `log`: the sandbox takes its message in one more way."""
    assert members(stub) == members(sdk)
    for name in members(stub):
        described, real = getattr(stub, name), getattr(sdk, name)
        if inspect.isfunction(described) and name != "log":
            assert parameters(described) == parameters(real), name


def test_an_http_call_takes_exactly_the_options_of_the_sandbox() -> None:
    """Options are keywords in the sandbox, which refuses others when the call is made."""
    options = inspect.signature(penstock.HttpCall.__call__).parameters
    keywords = {name for name, one in options.items() if one.kind is one.KEYWORD_ONLY}

    assert http._OPTIONS == keywords  # noqa: SLF001 - the sandbox's own table
    assert set(http.VERBS) == members(penstock.Http)


def test_events_and_profiles_have_exactly_the_fields_of_the_platform() -> None:
    """An event that the platform makes has these fields, and its check refuses others."""
    event = envelope.parse({"id": "e", "tenant": "t", "topic": "metric.x"}, now=NOW).to_json()
    profile = Profile(tenant="t", id="prf_1", revision=1).to_user()

    assert fields(penstock.Event) == event.keys()
    assert fields(penstock.Identifiers) == set(envelope.PROFILE_FIELDS)
    assert fields(penstock.Profile) == profile.keys()


def test_each_family_has_exactly_its_topics() -> None:
    """A topic that the stub lacks would be an error in the author's editor, and no mistake.

    Events of the audit log have no type of their own, but `Event`.
    """
    families: dict[str, Any] = {
        "message.email.": _events.EmailTopic,
        "message.sms.": _events.SmsTopic,
        "message.push.": _events.PushTopic,
        "profile.": _events.ProfileTopic,
        "list.": _events.ListTopic,
        "segment.": _events.SegmentTopic,
        "webhook.": _events.WebhookTopic,
        "function.": _events.FunctionTopic,
        "sync.": _events.SyncTopic,
        "monitor.": _events.MonitorTopic,
    }

    described = {topic for family in families.values() for topic in get_args(family)}
    assert {topic for topic in topics.KNOWN if not topics.tells_of_change(topic)} == described
    for stem, family in families.items():
        assert all(topic.startswith(stem) for topic in get_args(family))


def test_a_notice_has_exactly_the_fields_of_the_platform() -> None:
    """The notices of all kinds, and the test event's name, together."""
    full = Notice(
        kind=NoticeKind.FAILING, at_ms=0, reason="gone", failures=1, failing_since_ms=0, after_s=1
    )

    properties = endpoint_health.event("t", "whk_1", full).properties.keys() | {"name"}
    assert properties == fields(penstock.WebhookNotice)


def test_a_notice_about_a_function_has_exactly_the_fields_of_the_platform() -> None:
    """Those of a row of failures, and those of a canary's end."""
    failure = CanaryFailure(
        canary_id="can_1", version=2, live_version=1, counts=Counts(), reason="it failed"
    )
    full = health.Notice(
        kind=health.NoticeKind.CANARY_FAILED,
        at_ms=0,
        version=1,
        run_id="run_1",
        outcome="raised",
        error_type="KeyError",
        failures=10,
        failing_since_ms=0,
        after_s=1,
        canary=failure,
    )

    [event] = health.events(Health(tenant="t", function="f", notices=(full,)))
    assert event.properties.keys() == fields(penstock.FunctionNotice)


def test_a_notice_about_a_sync_has_exactly_the_fields_of_the_platform() -> None:
    """Those of a failure, and those of a gap."""
    gap = Gap(first_seq=1, last_seq=2, batches=2, rows=9, arrived_from="2026", arrived_until="2027")
    failing = sync_health.failed(
        sync_health.Health(), sync_health.Problem("gone", "raw_gap"), at=NOW, gap=gap
    )

    events = sync_health.events(a_sync(), failing)
    assert ["sync.gap", "sync.failing"] == [event.topic for event in events]
    assert events[0].properties.keys() == fields(penstock.SyncNotice)


def members(kind: type) -> set[str]:
    """The public attributes of a class."""
    return {name for name in dir(kind) if not name.startswith("_")}


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    """The name, the kind and the default of each parameter of a function."""
    listed = inspect.signature(function).parameters.values()
    return [(each.name, each.kind, each.default) for each in listed]


def fields(kind: Any) -> set[str]:
    """The keys of a TypedDict."""
    return {*kind.__required_keys__, *kind.__optional_keys__}
