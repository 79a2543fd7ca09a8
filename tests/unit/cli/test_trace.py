"""`penstock events show`: what became of an event, in one look."""

import json
from typing import Any

from runtime.core import ids
from runtime.core.deliveries.delivery import Status
from runtime.core.functions.run import Outcome
from tests.builders import a_delivery, a_run, an_attempt, an_event
from tests.unit.cli.conftest import Command

ERROR = {"type": "KeyError", "message": "'x'", "traceback": "Traceback:\n  line 2\nKeyError: 'x'"}


def kept(penstock: Command, **changes: Any) -> None:
    """Keep an event that came after everything that a test makes."""
    event = {"id": "evt_1", "topic": "metric.x", "received_at": "2999-01-01T00:00:00.000Z"}
    penstock.api.cloud.events.put([an_event(tenant=penstock.api.tenant, **{**event, **changes})])


def a_hook(penstock: Command, name: str, **changes: Any) -> str:
    """The id of a new webhook."""
    body = {"name": name, "url": "https://hooks.example.com/", "topics": ["metric.x"], **changes}
    return str(penstock.api.post("/v1/webhooks", body).json["id"])


def test_an_event_is_shown_with_the_filter_line_that_said_no(penstock: Command) -> None:
    """The line, what it wanted and what the event has: nothing is left to guess."""
    kept(penstock, properties={"value": 20, "country": "DE"})
    wanted = {"value": [{"numeric": [">", 100]}], "country": ["FR", "AT"]}
    hook = a_hook(penstock, "large", filter={"properties": {"value": wanted["value"]}})
    abroad = {"properties": {"country": wanted["country"], "valeu": [1]}}
    penstock.api.post("/v1/functions", {"name": "abroad", "topics": ["metric.x"], "filter": abroad})
    other = a_hook(penstock, "other", topics=["metric.y"])

    lines = penstock("events", "show", "evt_1").out.splitlines()

    at = lines.index("function abroad: its filter said no")
    assert [
        '  filter.properties.country wants "FR" or "AT"; the event has "DE"',
        "  filter.properties.valeu wants 1; the event has nothing at properties.valeu",
    ] == lines[at + 1 : at + 3]
    at = lines.index(f"webhook {hook} (large): its filter said no")
    assert (
        '  filter.properties.value wants {"numeric": [">", 100]}; the event has 20' == lines[at + 1]
    )
    assert f"not its topic: webhook {other} (other)" == lines[-1]


def test_an_event_is_shown_with_its_runs_attempts_and_what_is_due(penstock: Command) -> None:
    """With the traceback and the receiver's answer, which say what to mend."""
    kept(penstock)
    tenant, hook = penstock.api.tenant, a_hook(penstock, "orders")
    penstock.api.post("/v1/functions", {"name": "vip", "topics": ["metric.x"]})
    penstock.api.cloud.runs.commit(
        a_run(
            id=ids.run_id(tenant, "evt_1", "vip"),
            tenant=tenant,
            function="vip",
            event_id="evt_1",
            outcome=Outcome.RAISED,
            error=ERROR,
        )
    )
    attempt = an_attempt(answer_excerpt="over quota\n\x1b[2Jtry later")
    delivery = a_delivery(
        id=ids.delivery_id(tenant, "evt_1", hook),
        tenant=tenant,
        webhook_id=hook,
        event_id="evt_1",
        status=Status.PENDING,
        reason="circuit_open",
        attempts=(attempt,),
        due_at_ms=1_763_644_800_000,
    )
    penstock.api.cloud.deliveries.add(delivery)

    shown = penstock("events", "show", "evt_1").out
    document = penstock("events", "show", "evt_1", "--json").json

    assert "function vip: matched\n" in shown
    assert "    Traceback:\n      line 2\n    KeyError: 'x'\n" in shown
    due = "pending (circuit_open); due 2025-11-20T13:20:00.000Z\n"
    assert f"  delivery {delivery.id}: {due}" in shown
    assert attempt.sentence in shown
    assert "      answer: over quota\n      answer: \\x1b[2Jtry later\n" in shown
    assert ("evt_1", ["vip", hook]) == (document["id"], [each["id"] for each in document["trace"]])


def test_a_match_that_nothing_came_of_says_why(penstock: Command) -> None:
    """A webhook that matches and got nothing is the hardest to explain."""
    kept(penstock)
    kept(penstock, id="evt_early", received_at="2020-01-01T00:00:00.000Z")
    hook, off = a_hook(penstock, "on"), a_hook(penstock, "off")
    penstock.api.post(f"/v1/webhooks/{off}/disable")

    now, early = (penstock("events", "show", each).out for each in ("evt_1", "evt_early"))

    assert f"webhook {hook} (on): matched, but nothing is recorded yet" in now
    assert f"webhook {off} (off): matched, but it is disabled (paused)" in now
    assert f"webhook {hook} (on): matched, but it was created after the event came" in early


def test_a_delivery_is_shown_with_what_the_receiver_answered(penstock: Command) -> None:
    """The status alone does not say what the receiver disliked."""
    name = f"dlv_{penstock.api.tenant}"
    answer = json.dumps({"error": "no such order"})
    attempt = an_attempt(answer_excerpt=f"{answer}\n\x1b]0;owned\x07")
    store = penstock.api.cloud.deliveries
    store.add(a_delivery(id=name, tenant=penstock.api.tenant, attempts=(attempt,)))

    lines = penstock("deliveries", "show", name).out.splitlines()

    assert ["attempt 1", f"answer: {answer}", "answer: \\x1b]0;owned\\x07"] == lines[-3:]
