"""`penstock functions test` decides about a run as the cloud does."""

import json
from typing import Any

import pytest

from runtime.core.events.envelope import MAX_EVENT_BYTES, MAX_HOPS
from tests.unit.cli.conftest import Command, Ran

TEST = ("functions", "test")
AN_EVENT = {"id": "e1", "topic": "metric.x", "profile": {"external_id": "c-1"}}
ABOUT_NOBODY = {"id": "e1", "topic": "metric.x", "properties": {"n": 1}}


def ran(penstock: Command, body: str, *, event: object = AN_EVENT, profile: object = None) -> Ran:
    """How the test of a function with this body ended."""
    code = penstock.write("f.py", f"def handler(event, profile, context):\n    {body}\n")
    options = ["--event", penstock.write("event.json", json.dumps(event))]
    if profile is not None:
        options += ["--profile", penstock.write("profile.json", json.dumps(profile))]
    return penstock(*TEST, code, *options, "--engine", "restricted", "--json")


def result(penstock: Command, body: str, **given: Any) -> dict[str, Any]:
    """The one document of such a test."""
    done = ran(penstock, body, **given)
    assert done.code == 0
    document: dict[str, Any] = done.json
    return document


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (
            "context.emit('metric.Placed_Order', {})",
            "bad_topic",
            ("emit('metric.Placed_Order')", "lower-case", "metric.placed_order"),
        ),
        ("context.emit('vip', {})", "bad_topic", ("emit('vip')", "dotted")),
        ("context.profile.set(vip=True)", "no_profile", ("profile.set", "event['profile']")),
        ("context.profile.unset('vip')", "no_profile", ("profile.set", "event['profile']")),
        (
            f"context.emit('metric.big', {{'x': 'x' * {MAX_EVENT_BYTES - 100}}})",
            "too_large",
            ("emit('metric.big')", str(MAX_EVENT_BYTES)),
        ),
    ],
)
def test_what_the_cloud_refuses_a_test_refuses(
    penstock: Command, body: str, code: str, words: tuple[str, ...]
) -> None:
    """Found on the author's machine it costs a minute; found in the cloud, an event."""
    done = result(penstock, f"context.log('kept'); {body}; return 1", event=ABOUT_NOBODY)

    assert ("refused", None, []) == (done["outcome"], done["output"], done["effects"])
    assert ("BadEffect", code) == (done["error"]["type"], done["error"]["code"])
    assert all(word in done["error"]["message"] for word in words), done["error"]["message"]
    assert ["kept"] == [entry["message"] for entry in done["logs"]]
    assert [] == done["findings"]


def test_a_good_effect_before_a_bad_one_is_undone(penstock: Command) -> None:
    """All or nothing, as in the cloud; and the message says which of them is meant."""
    body = "context.emit('metric.good', {}); context.emit('bad', {})"

    done = result(penstock, body)

    assert ("refused", []) == (done["outcome"], done["effects"])
    assert done["error"]["message"].startswith("effect 2: emit('bad')")


def test_people_are_told_what_was_refused(penstock: Command) -> None:
    """Without --json the same is said in words."""
    code = penstock.write("f.py", "def handler(event, context):\n    context.emit('vip', {})\n")

    done = penstock(*TEST, code, "--engine", "restricted")

    assert done.out.startswith("refused in ")
    assert "emit('vip')" in done.out


def test_a_batch_decides_each_case(penstock: Command) -> None:
    """A case that the cloud would refuse is refused; its neighbours are not."""
    codes = ["context.emit('vip')", "context.emit('metric.vip')", "context.profile.set(a=1)"]
    lines = [
        json.dumps(
            {
                "id": number,
                "code": f"def handler(event, profile, context):\n    {code}",
                "event": ABOUT_NOBODY,
                "engine": "restricted",
            }
        )
        for number, code in enumerate(codes)
    ]

    done = penstock(*TEST, "--batch", penstock.write("cases.jsonl", "\n".join(lines)))

    results = [json.loads(line) for line in done.out.splitlines()]
    assert ["refused", "returned", "refused"] == [each["outcome"] for each in results]
    assert ["bad_topic", "no_profile"] == [
        each["error"]["code"] for each in results if each["error"]
    ]


@pytest.mark.parametrize(
    "given",
    [
        {"event": AN_EVENT},
        {"event": ABOUT_NOBODY, "profile": {"id": "prf_1", "properties": {}}},
        {"event": {"httpMethod": "POST"}, "profile": {"properties": {"old": 1}}},
    ],
)
def test_a_profile_that_is_known_may_be_changed(penstock: Command, given: dict[str, Any]) -> None:
    """The event names one, or the test gives one; an event may be any JSON besides."""
    done = result(penstock, "context.profile.set(vip=True)", **given)

    assert "returned" == done["outcome"]
    assert [{"op": "profile", "set": {"vip": True}, "unset": []}] == done["effects"]


def test_a_profile_that_would_grow_too_large_is_refused(penstock: Command) -> None:
    """What is on record counts too."""
    body = "context.profile.set(more='x' * 100_000)"

    done = result(penstock, body, profile={"id": "p", "properties": {"old": "x" * 200_000}})

    assert ("refused", "profile_too_large") == (done["outcome"], done["error"]["code"])


def test_an_emitted_event_that_would_be_parked_says_so(penstock: Command) -> None:
    """The run is taken; its event goes to the dead-letter queue, because it went in circles."""
    body = "context.emit('metric.again', {}); context.log('x')"

    done = result(penstock, body, event={**AN_EVENT, "hops": MAX_HOPS})

    assert "returned" == done["outcome"]
    (effect,) = done["effects"]
    assert ("emit", "loop") == (effect["op"], effect["parked"]["code"])
    assert f"more than {MAX_HOPS} functions" in effect["parked"]["message"]
    before = result(penstock, body, event={**AN_EVENT, "hops": MAX_HOPS - 1})
    assert "parked" not in before["effects"][0]


def test_a_run_that_failed_is_told_as_it_failed(penstock: Command) -> None:
    """Its effects would not be applied anyway, so nothing is wrong with them."""
    done = result(penstock, "context.emit('vip'); raise ValueError('no')")

    assert ("raised", "ValueError") == (done["outcome"], done["error"]["type"])
