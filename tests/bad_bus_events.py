"""What a broken or hostile producer puts onto the bus, each with the code that it is parked by."""

from typing import Any, Final

from runtime.core.events.envelope import MAX_EVENT_BYTES, MAX_HOPS
from runtime.core.json_text import MAX_DEPTH, dump
from tests.builders import a_bus_event, an_envelope


def damaged(**changes: Any) -> str:
    """A bus event with a damaged envelope."""
    return dump(a_bus_event(an_envelope(**changes)))


def _nested(levels: int) -> dict[str, Any]:
    """An object with this many levels below itself."""
    value: Any = 0
    for _ in range(levels - 1):
        value = [value]
    return {"x": value}


def _bus_text(detail: str) -> str:
    """A bus event whose detail is this text, JSON or not."""
    return dump(a_bus_event({"detail": 0})).replace('{"detail":0}', detail)


def _with_property(text: str) -> str:
    """A bus event with a property that only a broken producer writes."""
    return damaged(properties={"x": "HERE"}).replace('"HERE"', text)


BAD: Final = {
    "bytes that are not JSON": ("\x00\x01 not json", "not_json"),
    "a cut message": (damaged()[:-40], "not_json"),
    "JSON that is no bus event": ("[1, 2]", "not_from_the_bus"),
    "a detail that is no object": (_bus_text('"text"'), "not_an_object"),
    "an envelope without id": (damaged(id=...), "missing_id"),
    "an id with a blank": (damaged(id="o 1"), "bad_id"),
    "an envelope without tenant": (damaged(tenant=...), "missing_tenant"),
    "a tenant in capitals": (damaged(tenant="ACME"), "bad_tenant"),
    "an envelope without topic": (damaged(topic=...), "bad_topic"),
    "an unknown field": (damaged(colour="red"), "unknown_field"),
    "an unknown way": (damaged(origin="moon"), "bad_origin"),
    "a field of an unknown type": (damaged(properties="text"), "bad_properties"),
    "a time that is none": (damaged(occurred_at="soon"), "bad_time"),
    "an integer beyond 64 bits": (_with_property("1" + "0" * 22), "integer_too_large"),
    "an integer of thousands of digits": (_with_property("1" * 5000), "integer_too_large"),
    "a number that is infinite": (_with_property("1e400"), "not_json"),
    "a person's name with a NUL": (damaged(profile={"id": "a\0b"}), "bad_profile"),
    "more than 256 KB": (damaged(properties={"x": "x" * MAX_EVENT_BYTES}), "too_large"),
    "more than 64 levels": (damaged(properties=_nested(MAX_DEPTH)), "too_deep"),
    "a hundred thousand brackets": ("[" * 100_000, "not_json"),
    "NaN": (_with_property("NaN"), "not_json"),
    "infinity": (_with_property("-Infinity"), "not_json"),
    "a lone surrogate": (_with_property('"\\ud800"'), "lone_surrogate"),
    "hops that are no number": (damaged(hops="1"), "bad_hops"),
    "too many hops": (damaged(hops=MAX_HOPS + 1), "loop"),
}
