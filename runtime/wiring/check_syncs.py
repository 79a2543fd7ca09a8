"""Composition root of `check_syncs`, which watches syncs from outside."""

from typing import TYPE_CHECKING

from runtime import settings
from runtime.wiring import parts, worker
from runtime.wiring.worker import Journal

if TYPE_CHECKING:
    from runtime.usecases.warehouse.check_syncs import CheckSyncs


def build(journal: Journal) -> "CheckSyncs":
    """What checks the syncs of this installation."""
    from runtime.stores.warehouse.ledger import Ledger
    from runtime.stores.warehouse.syncs import Syncs
    from runtime.usecases.warehouse.check_syncs import CheckSyncs

    installation = settings.load()
    clients = parts.clients(installation)
    raw_log = parts.raw_log(clients, installation)
    return CheckSyncs(
        syncs=Syncs(config=parts.config(clients, installation)),
        raw_log=raw_log,
        ledger=Ledger(table=raw_log.table),
        clock=worker.now,
        journal=journal,
    )
