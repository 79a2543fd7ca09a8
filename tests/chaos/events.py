"""The events of a run, and by hand the deliveries that must come of them."""

import json
from collections.abc import Mapping
from typing import Final

from runtime.core import ids
from runtime.core.ids import Key
from tests.builders import TENANT, a_bus_event, an_envelope
from tests.chaos.receivers import SCRIPTS

FAN_OUT: Final = 2  # webhooks that hear of each event
_NAMES: Final = tuple(SCRIPTS)


def _topic(number: int) -> str:
    return f"metric.chaos_{number % len(_NAMES)}"


def topics_of() -> Mapping[str, tuple[str, ...]]:
    """What each receiver wants to hear: two topics, each shared with a neighbour."""
    return {name: (_topic(n), _topic(n + 1)) for n, name in enumerate(_NAMES)}


def bodies(count: int) -> list[str]:
    """So many events, as the rule puts them on the match queue."""
    return [
        json.dumps(a_bus_event(an_envelope(id=f"evt_{n}", topic=_topic(n)))) for n in range(count)
    ]


def event_keys(count: int) -> list[Key]:
    """The keys of these events."""
    return [Key(TENANT, f"evt_{n}") for n in range(count)]


def expected(count: int) -> dict[str, str]:
    """The deliveries that these events must make, and the webhook of each."""
    hearers = {
        topic: [name for name, topics in topics_of().items() if topic in topics]
        for topic in map(_topic, range(len(_NAMES)))
    }
    return {
        ids.delivery_id(TENANT, f"evt_{n}", name): name
        for n in range(count)
        for name in hearers[_topic(n)]
    }
