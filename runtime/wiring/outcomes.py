"""Composition root of `follow_outcomes`, which archives how deliveries and runs stand."""

from typing import TYPE_CHECKING

from runtime import settings
from runtime.wiring import parts, streams, worker

if TYPE_CHECKING:
    from runtime.usecases.archive.archive_outcomes import Change
    from runtime.wiring.streams import Follower, Record


def build_follower() -> "Follower[Change]":
    """What follows the writes of deliveries and of runs."""
    from runtime.usecases.archive.archive_outcomes import ArchiveOutcomes

    installation = settings.load()
    clients = parts.clients(installation)
    return streams.follower(
        clients,
        installation,
        decode=_change,
        work=ArchiveOutcomes(raw_log=parts.raw_log(clients, installation), clock=worker.now),
    )


def _change(record: "Record") -> "Change | None":
    """The change of a delivery or a run; None for what else their tables hold.

    Raises:
        BadInput: the record is of one, but cannot be read.
    """
    from runtime.stores.deliveries import items as delivery_items
    from runtime.stores.functions import items as run_items
    from runtime.stores.tables.prefixes import DeliveriesPartition, RunsPartition

    key = record["Keys"]["pk"]["S"]
    if key.startswith(DeliveriesPartition.DELIVERY):
        return delivery_items.change(record)
    if key.startswith(RunsPartition.RUN):
        return run_items.run_change(record)
    return None
