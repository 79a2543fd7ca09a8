"""What a stream's function is made of."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.wiring import parts
from runtime.wiring.worker import Worker

T = TypeVar("T")
Record = Mapping[str, Any]  # what a stream says of one write of its table


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower(Generic[T]):
    """What a stream's function does with the writes of a table."""

    # Makes a change of a record of the stream; None if nothing follows from it. Raises BadInput if
    # it cannot.
    decode: Callable[[Record], T | None]
    work: Callable[[Sequence[T]], None]  # follows changes; raises what went wrong
    # Keeps records whole in a queue, for a later try; raises Transient if it could not.
    set_aside: Callable[[Iterable[Record]], None]
    record_of: Callable[[str], Record]  # the record in the body of such a message
    park: Callable[..., None]  # as in `Worker`, for the queue

    def by_queue(self) -> Worker[T | None]:
        """A worker that follows what was set aside, one record at a time.

        So one that fails keeps no other from being followed.
        """
        return Worker(
            decode=lambda body: self.decode(self.record_of(body)),
            work=lambda changes: [self._followed(change) for change in changes],
            park=self.park,
        )

    def _followed(self, change: T | None) -> Exception | None:
        try:
            self.work([] if change is None else [change])
        except Exception as problem:  # noqa: BLE001 - its class decides whether it comes again
            return problem
        return None


def follower(
    clients: Clients,
    installation: Settings,
    *,
    decode: Callable[[Record], T | None],
    work: Callable[[Sequence[T]], None],
) -> Follower[T]:
    """What follows the writes of a table; `decode` gets the records that are no removals."""
    from runtime.stores.queues import Queue, SetAside
    from runtime.stores.tables import streamed

    aside = SetAside(queue=Queue(client=clients.queues, url=installation.aside_queue_url))
    return Follower(
        decode=lambda record: decode(record) if streamed.AFTER in record else None,
        work=work,
        set_aside=aside.put,
        record_of=aside.record_of,
        park=parts.parked(clients, installation).park,
    )
