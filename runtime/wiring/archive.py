"""Composition root of `archive`, which puts events into the raw log."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from runtime import settings
from runtime.wiring import parts, people_parts, worker
from runtime.wiring.worker import Journal, Worker

if TYPE_CHECKING:
    from runtime.core.events.envelope import Event

T = TypeVar("T")


def build(_journal: Journal) -> "Worker[Event]":
    """A worker that puts events into the raw log."""
    from runtime.usecases.archive.archive_batch import ArchiveBatch

    installation = settings.load()
    clients = parts.clients(installation)
    put = ArchiveBatch(
        raw_log=parts.raw_log(clients, installation),
        erasures=people_parts.erasures(clients, installation),
        clock=worker.now,
    )
    return Worker(
        decode=parts.event, work=_as_one(put), park=parts.parked(clients, installation).park
    )


def _as_one(
    put: Callable[[Sequence[T]], object],
) -> Callable[[Sequence[T]], Sequence[Exception | None]]:
    """`put` as the work of a batch: it succeeds or fails for all items at once."""

    def work(items: Sequence[T]) -> Sequence[Exception | None]:
        put(items)
        return [None] * len(items)

    return work
