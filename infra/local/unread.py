"""Lets nothing be read from queues for a while, so that messages wait in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def unread(functions: Any, *queues: str) -> Iterator[None]:
    """No function takes messages from these queues until the block ends.

    Args:
        functions: a client of Lambda.
        queues: by the names that the template gives them, such as `MatchQueue`.
    """
    mappings = [
        each["UUID"]
        for each in functions.list_event_source_mappings()["EventSourceMappings"]
        if any(f"-{queue}-" in each["EventSourceArn"] for queue in queues)
    ]
    if len(mappings) != len(queues):
        raise LookupError(f"{len(mappings)} of these queues are read by a function: {queues}")
    for mapping in mappings:
        functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    try:
        yield
    finally:
        for mapping in mappings:
            functions.update_event_source_mapping(UUID=mapping, Enabled=True)
