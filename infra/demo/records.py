"""Looks at single records by the API, as somebody does who traces an event."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from infra.demo.expected import Expectation, Rfm
from infra.demo.receiver import DOWN
from infra.demo.setup import DOWN_RETRIES
from infra.demo.stage import Stage

LOOKED_AT: Final = 10


def problems(stage: Stage, expectation: Expectation) -> Iterator[str]:
    """A sentence for each of some dead deliveries and profiles that is not as it must be."""
    query = {"webhook": stage.setup.webhooks[DOWN]}
    for entry in stage.api.each("/v1/deliveries", query, limit=LOOKED_AT):
        delivery = stage.api.get(f"/v1/deliveries/{entry['id']}")
        statuses = [attempt["status"] for attempt in delivery["attempts"]]
        if statuses != [500] * (1 + len(DOWN_RETRIES)):
            yield f"delivery {delivery['id']} records attempts answered with {statuses}"
    for profile_id, external_id in stage.warehouse.some_profiles(LOOKED_AT):
        properties = stage.api.get(f"/v1/profiles/{profile_id}")["properties"]
        expected_rfm = expectation.profiles.get(external_id)
        if expected_rfm is not None and rfm_of(properties) != expected_rfm:
            yield f"profile {profile_id} holds {properties}"


def rfm_of(properties: dict[str, Any]) -> Rfm:
    """The RFM numbers among a profile's properties."""
    return Rfm(
        last_order_on=properties.get("last_order_on", ""),
        order_count=properties.get("order_count", 0),
        order_value=Decimal(str(properties.get("order_value", 0))),
        rfm_code=properties.get("rfm_code", ""),
    )
