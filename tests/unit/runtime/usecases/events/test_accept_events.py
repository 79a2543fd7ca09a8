"""Events from the API: the good ones land, the bad ones are named."""

import json
from typing import Any

import pytest

from runtime.errors import BadInput, IntakePaused
from runtime.usecases.events.accept_events import MAX_EVENTS, PAUSED_RETRY_S, AcceptEvents
from tests.builders import NOW, TENANT
from tests.cloud import Cloud
from tests.doubles import FakeClock


def accept(cloud: Cloud, *, paused: bool = False) -> AcceptEvents:
    """The use case on a real bus."""
    return AcceptEvents(
        bus=cloud.bus,
        erasures=cloud.erasures,
        clock=FakeClock(),
        new_id=lambda prefix: f"{prefix}_new",
        is_paused=lambda: paused,
    )


def an_api_event(**changes: Any) -> dict[str, Any]:
    """What a caller posts."""
    return {"topic": "metric.placed_order", "profile": {"email": "a@b.c"}, **changes}


class TestAcceptance:
    """What becomes of each event."""

    def test_good_events_land_and_bad_ones_are_named(self, cloud: Cloud) -> None:
        """One bad record of a batch must not cost the others."""
        raws = [an_api_event(id="evt_a"), an_api_event(topic="Bad"), "no event", an_api_event()]

        result = accept(cloud)(TENANT, raws)

        landed = [json.loads(message["Body"])["detail"] for message in cloud.received("landed")]
        assert ["evt_a", "evt_new"] == [event.id for event in result.accepted]
        assert {"evt_a", "evt_new"} == {detail["id"] for detail in landed}
        assert {(TENANT, "api", NOW)} == {
            (detail["tenant"], detail["origin"], detail["received_at"]) for detail in landed
        }
        assert [(1, "bad_topic", "topic"), (2, "not_an_object", "")] == [
            (rejected.index, rejected.code, rejected.field) for rejected in result.rejected
        ]

    @pytest.mark.parametrize("field", ["tenant", "origin", "hops", "received_at"])
    def test_what_we_say_of_an_event_is_not_the_callers_to_say(
        self, cloud: Cloud, field: str
    ) -> None:
        """A caller must not speak for another tenant, nor reset its hops."""
        result = accept(cloud)(TENANT, [an_api_event(**{field: "rival"})])

        assert [("reserved_field", field)] == [(r.code, r.field) for r in result.rejected]
        assert [] == cloud.received("landed")

    def test_a_paused_intake_takes_nothing_and_says_when_to_come_again(self, cloud: Cloud) -> None:
        """Whoever sends keeps the events, and loses none."""
        with pytest.raises(IntakePaused) as refusal:
            accept(cloud, paused=True)(TENANT, [an_api_event()])

        assert PAUSED_RETRY_S == refusal.value.retry_after_s
        assert [] == cloud.received("landed")

    def test_too_many_are_refused_whole(self, cloud: Cloud) -> None:
        """Before any of them lands."""
        with pytest.raises(BadInput) as refusal:
            accept(cloud)(TENANT, [an_api_event()] * (MAX_EVENTS + 1))

        assert "too_many_events" == refusal.value.code
