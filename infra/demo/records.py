"""Looks into single records by the API, as one does who asks what became of an event."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from infra.demo.expected import Expectation, Rfm
from infra.demo.receiver import DOWN
from infra.demo.setup import DOWN_RETRIES
from infra.demo.stage import Stage

LOOKED_AT: Final = 10


def problems(stage: Stage, expected: Expectation) -> Iterator[str]:
    """What some dead deliveries and some profiles do not say as they must."""
    broken = stage.installed.webhooks[DOWN]
    dead = list(stage.api.each("/v1/deliveries", {"status": "dead"}, limit=LOOKED_AT))
    of_broken = [one for one in dead if one["webhook_id"] == broken]
    if len(of_broken) != expected.down:
        yield f"{len(of_broken)} dead deliveries of the broken endpoint are listed"
    for found in of_broken:
        of_event = stage.api.get("/v1/deliveries", {"event": found["event_id"]})["data"]
        if found["id"] not in [one["id"] for one in of_event]:
            yield f"event {found['event_id']} does not lead to its delivery"
        delivery = stage.api.get(f"/v1/deliveries/{found['id']}")
        statuses = [attempt["status"] for attempt in delivery["attempts"]]
        if statuses != [500] * (1 + len(DOWN_RETRIES)):
            yield f"delivery {delivery['id']} records attempts answered with {statuses}"
    for profile_id, external_id in stage.warehouse.some_profiles(LOOKED_AT):
        properties = stage.api.get(f"/v1/profiles/{profile_id}")["properties"]
        due = expected.profiles.get(external_id)
        if due is not None and rfm_of(properties) != due:
            yield f"profile {profile_id} holds {properties}"


def rfm_of(properties: dict[str, Any]) -> Rfm:
    """The RFM numbers among a profile's properties."""
    return Rfm(
        last_order_on=properties.get("last_order_on", ""),
        order_count=properties.get("order_count", 0),
        order_value=Decimal(str(properties.get("order_value", 0))),
        rfm_code=properties.get("rfm_code", ""),
    )
