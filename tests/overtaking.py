"""Lets somebody else be faster: the other's call is made between our look and our write."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.api_client import Answer, ApiClient

_WRITE = "before-send.dynamodb.TransactWriteItems"


@contextmanager
def overtaken_by(api: ApiClient, call: Callable[[], Answer]) -> Iterator[list[Answer]]:
    """Inside, `call` is made just before the next transaction is sent; yields its answer then."""
    # The wire of the application under test, which emits the events of botocore's client.
    wire: Any = api.application.syncs.store.config.table.client
    events = wire._service._events  # noqa: SLF001 - nobody but a test needs to reach it
    waiting, answers = [call], list[Answer]()

    def overtake(**_: object) -> None:
        if waiting:
            answers.append(waiting.pop()())  # taken first: its own write comes by here too

    events.register(_WRITE, overtake)
    try:
        yield answers
    finally:
        events.unregister(_WRITE, overtake)
    assert answers, "nothing was written"
