"""Collects the counts, each where it ended: the receiver, the tables by the API, the warehouse."""

from collections import Counter
from typing import Any, Final

from infra.demo.expected import Expectation
from infra.demo.receiver import DOWN, Endpoint, is_busy_for
from infra.demo.records import rfm_of
from infra.demo.setup import FULFILMENT, MISBEHAVING, PLAIN, TRANSFORM, TRIGGER
from infra.demo.stage import Stage
from infra.demo.tally import Counts

ALL: Final = 1_000_000  # more than any demo makes


def count(stage: Stage, expected: Expectation, *, sent: int, accepted: int) -> Counts:
    """Everything that can be counted, now."""
    statuses = delivery_statuses(stage)
    healthy = [stage.receiver.endpoints[name] for name in (PLAIN, FULFILMENT)]
    endpoints = [*healthy, stage.receiver.endpoints[DOWN]]
    busy = (is_busy_for(webhook_id) for one in healthy for webhook_id in one.heard)
    ran = {name: engines(stage, name) for name in (TRIGGER, TRANSFORM, MISBEHAVING)}
    return Counts(
        events_sent=sent,
        events_accepted=accepted,
        runs=sum(each.total() for each in ran.values()),
        wasm_runs=ran[TRANSFORM]["wasm"],
        restricted_runs=ran[TRIGGER]["restricted"],
        deliveries=statuses.total(),
        delivered=statuses["delivered"],
        dropped=statuses["dropped"],
        dead=statuses["dead"],
        pending=waiting(stage),
        verified=sum(len(one.accepted) for one in healthy),
        refused=sum(one.refused.total() for one in endpoints),
        retried=sum(one.retried for one in healthy),
        busy_answers=sum(busy),
        duplicates=sum(one.duplicates for one in healthy),
        lost=missing(stage, expected),
        wrong=unexpected(stage, expected),
        warehouse_events=stage.warehouse.events(),
        warehouse_repeated=stage.warehouse.repeated_events(),
        warehouse_profiles=stage.warehouse.profiles(),
    )


def engines(stage: Stage, function: str) -> Counter[str | None]:
    """How many runs of a function are on record, by the engine that each record names."""
    runs = stage.api.each(f"/v1/functions/{function}/runs", limit=ALL)
    return Counter(run["engine"] for run in runs)


def delivery_statuses(stage: Stage) -> Counter[str]:
    """How many deliveries are on record, by status."""
    return Counter(
        delivery["status"]
        for webhook in stage.installed.webhooks.values()
        for delivery in stage.api.each("/v1/deliveries", {"webhook": webhook}, limit=ALL)
    )


def waiting(stage: Stage) -> int:
    """How many deliveries the index that the sweep reads still lists."""
    return sum(
        1
        for webhook in stage.installed.webhooks.values()
        for _ in stage.api.each(
            "/v1/deliveries", {"webhook": webhook, "status": "pending"}, limit=ALL
        )
    )


def missing(stage: Stage, expected: Expectation) -> int:
    """How many contents that must have been told were not."""
    endpoints = stage.receiver.endpoints
    plain = expected.plain - {_plain_name(one.body) for one in endpoints[PLAIN].accepted}
    payloads = expected.payloads.keys() - _payloads(endpoints[FULFILMENT]).keys()
    return len(plain) + len(payloads)


def unexpected(stage: Stage, expected: Expectation) -> int:
    """How many contents and profiles are other than plain Python says."""
    endpoints = stage.receiver.endpoints
    plain = {_plain_name(one.body) for one in endpoints[PLAIN].accepted} - expected.plain
    payloads = _payloads(endpoints[FULFILMENT])
    strange: int = sum(body != expected.payloads.get(number) for number, body in payloads.items())
    known = stage.warehouse.properties()
    profiles = sum(rfm_of(known.get(name, {})) != rfm for name, rfm in expected.profiles.items())
    return len(plain) + strange + profiles


def _plain_name(body: dict[str, Any]) -> str:
    data = body["data"]
    if body["type"] == "metric.became_champion":
        return f"champion:{data['profile'].get('external_id')}"
    return f"order:{data['id']}"


def _payloads(endpoint: Endpoint) -> dict[str, Any]:
    return {one.body["order_number"]: one.body for one in endpoint.accepted}
