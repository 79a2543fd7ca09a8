"""`penstock events send` breaks off and goes on: every event is sent, and none becomes two."""

import json
from typing import Any

import httpx
import pytest

from cli import _sending
from cli._connection import Connection
from cli._errors import CommandFailed, WrongUsage
from cli._sending import Sending
from cli.client import Client
from tests.unit.cli.conftest import Command

EVENTS = [{"topic": "metric.x", "properties": {"n": n}} for n in range(350)]
PLACE = _sending.Place(number=1, seed="0123456789abcdef")


class Api:
    """Takes batches, and fails those with these numbers after it has taken them."""

    def __init__(self, *failing: int) -> None:
        self.failing = failing
        self.bodies: list[list[dict[str, Any]]] = []

    def client(self) -> Client:
        """A client of it, which waits for nothing."""
        return Client(
            Connection(url="http://127.0.0.1:1", key="psk_x", origin="a test"),
            transport=httpx.MockTransport(self._answer),
            wait=lambda _: None,
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        events = json.loads(request.content)["events"]
        self.bodies.append(events)
        if len(self.bodies) in self.failing:
            return httpx.Response(500, json={"code": "internal", "detail": "broke"})
        return httpx.Response(202, json={"accepted": events, "rejected": []})


def test_what_broke_off_goes_on_behind_the_last_batch_that_was_answered() -> None:
    """The batch whose answer was lost is sent again under the ids that it had."""
    api = Api(3)
    broken = Sending(events=EVENTS, place=PLACE)
    with pytest.raises(CommandFailed, match="broke"):
        broken.run(api.client())
    assert "201-0123456789abcdef" == str(broken.place)

    resumed = Sending(events=EVENTS, place=_sending.parse(str(broken.place)))
    resumed.run(api.client())

    numbers = [event["properties"]["n"] for body in api.bodies for event in body]
    assert [*range(300), *range(200, 350)] == numbers
    assert api.bodies[2] == api.bodies[3]
    assert 350 == len({event["id"] for body in api.bodies for event in body})
    assert (200, 150) == (len(broken.accepted), len(resumed.accepted))


def test_a_file_that_is_sent_twice_is_two_times_its_events() -> None:
    """Only going on repeats ids; a new sending means new events."""
    api = Api()
    for _ in range(2):
        Sending(events=EVENTS[:1], place=_sending.beginning()).run(api.client())

    assert api.bodies[0][0]["id"] != api.bodies[1][0]["id"]


def test_an_event_keeps_the_id_that_it_has() -> None:
    """It is the producer's, who may send it again."""
    api = Api()
    Sending(events=[{"id": "order-1", "topic": "metric.x"}], place=PLACE).run(api.client())

    assert "order-1" == api.bodies[0][0]["id"]


@pytest.mark.parametrize(
    "text",
    ["", "3001", "0-0123456789abcdef", "1-0123456789ABCDEF", "1-01234", "x-0123456789abcdef"],
)
def test_a_place_that_no_sending_has_named_is_refused(text: str) -> None:
    """A guess would send events twice, or leave some out."""
    with pytest.raises(WrongUsage) as refusal:
        _sending.parse(text)

    assert "bad_resume" == refusal.value.code


def test_a_command_that_breaks_off_says_what_was_sent_and_how_to_go_on(penstock: Command) -> None:
    """With the API's own reason, and exit code 1."""
    penstock.write("events.json", json.dumps(EVENTS[:2]))

    ran = penstock("events", "send", "events.json", "--json", PENSTOCK_API_URL="http://127.0.0.1:9")

    error = ran.json["error"]
    assert (1, "unreachable", []) == (ran.code, error["code"], error["accepted"])
    assert "0 of 2 events have been sent" in error["message"]
    assert f"`penstock events send events.json --resume {error['resume']}`" in error["message"]
    gone_on = penstock("events", "send", "events.json", "--resume", error["resume"])
    assert "accepted 2 events\n" == gone_on.out


def test_a_sending_that_is_resumed_names_places_in_the_whole_file(penstock: Command) -> None:
    """A rejected event is looked up in the file."""
    events: list[dict[str, Any]] = [*EVENTS[:3], {"topic": "Nonsense"}]
    penstock.write("events.json", json.dumps(events))

    ran = penstock("events", "send", "events.json", "--resume", "3-0123456789abcdef", "--json")

    assert [3] == [no["index"] for no in ran.json["error"]["rejected"]]
    assert 1 == len(ran.json["error"]["accepted"])
