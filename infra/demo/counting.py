"""Counts what arrived: at the receiver, in the tables (by the API) and in the warehouse."""

from collections import Counter
from typing import Any, Final

from infra.demo.expected import Expectation
from infra.demo.receiver import DOWN, Endpoint, is_busy_for
from infra.demo.records import rfm_of
from infra.demo.setup import FULFILMENT, MISBEHAVING, PLAIN, TRANSFORM, TRIGGER
from infra.demo.stage import Stage
from infra.demo.tally import Counts

ALL: Final = 1_000_000  # more than any demo makes


def count(
    stage: Stage, expectation: Expectation, *, sent_count: int, accepted_count: int
) -> Counts:
    """Count everything now.

    Args:
        stage: where to count.
        expectation: what plain Python says must have arrived.
        sent_count: how many events were sent.
        accepted_count: how many of them were accepted.
    """
    statuses = delivery_statuses(stage)
    healthy = [stage.receiver.endpoints[name] for name in (PLAIN, FULFILMENT)]
    endpoints = [*healthy, stage.receiver.endpoints[DOWN]]
    busy = (is_busy_for(webhook_id) for endpoint in healthy for webhook_id in endpoint.arrivals)
    engines_by_function = {name: engines(stage, name) for name in (TRIGGER, TRANSFORM, MISBEHAVING)}
    return Counts(
        events_sent=sent_count,
        events_accepted=accepted_count,
        runs=sum(each.total() for each in engines_by_function.values()),
        wasm_runs=engines_by_function[TRANSFORM]["wasm"],
        restricted_runs=engines_by_function[TRIGGER]["restricted"],
        deliveries=statuses.total(),
        delivered=statuses["delivered"],
        dropped=statuses["dropped"],
        dead=statuses["dead"],
        pending=waiting(stage),
        verified=sum(len(endpoint.accepted) for endpoint in healthy),
        refused=sum(endpoint.refusals.total() for endpoint in endpoints),
        retried=sum(endpoint.retried for endpoint in healthy),
        busy_answers=sum(busy),
        duplicates=sum(endpoint.duplicates for endpoint in healthy),
        lost=missing(stage, expectation),
        wrong=unexpected(stage, expectation),
        warehouse_events=stage.warehouse.events(),
        warehouse_repeated=stage.warehouse.repeated_events(),
        warehouse_profiles=stage.warehouse.profiles(),
    )


def engines(stage: Stage, function: str) -> Counter[str | None]:
    """How many runs of a function are on record, by engine."""
    runs = stage.api.each(f"/v1/functions/{function}/runs", limit=ALL)
    return Counter(run["engine"] for run in runs)


def delivery_statuses(stage: Stage) -> Counter[str]:
    """How many deliveries are on record, by status."""
    return Counter(
        delivery["status"]
        for webhook in stage.setup.webhooks.values()
        for delivery in stage.api.each("/v1/deliveries", {"webhook": webhook}, limit=ALL)
    )


def waiting(stage: Stage) -> int:
    """How many deliveries are still in the due index, which sweep reads."""
    return sum(
        1
        for webhook in stage.setup.webhooks.values()
        for _ in stage.api.each(
            "/v1/deliveries", {"webhook": webhook, "status": "pending"}, limit=ALL
        )
    )


def missing(stage: Stage, expectation: Expectation) -> int:
    """How many contents have not arrived that must have."""
    endpoints = stage.receiver.endpoints
    missing_names = expectation.plain - {
        _plain_name(arrival.body) for arrival in endpoints[PLAIN].accepted
    }
    payloads = expectation.payloads.keys() - _payloads(endpoints[FULFILMENT]).keys()
    return len(missing_names) + len(payloads)


def unexpected(stage: Stage, expectation: Expectation) -> int:
    """How many contents and profiles differ from what plain Python says."""
    endpoints = stage.receiver.endpoints
    unexpected_names = {
        _plain_name(arrival.body) for arrival in endpoints[PLAIN].accepted
    } - expectation.plain
    payloads = _payloads(endpoints[FULFILMENT])
    wrong_payloads: int = sum(
        body != expectation.payloads.get(number) for number, body in payloads.items()
    )
    profiles_loaded = stage.warehouse.properties()
    wrong_profiles = sum(
        rfm_of(profiles_loaded.get(name, {})) != rfm for name, rfm in expectation.profiles.items()
    )
    return len(unexpected_names) + wrong_payloads + wrong_profiles


def _plain_name(body: dict[str, Any]) -> str:
    data = body["data"]
    if body["type"] == "metric.became_champion":
        return f"champion:{data['profile'].get('external_id')}"
    return f"order:{data['id']}"


def _payloads(endpoint: Endpoint) -> dict[str, Any]:
    return {arrival.body["order_number"]: arrival.body for arrival in endpoint.accepted}
