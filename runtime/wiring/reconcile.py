"""Composition root of `reconcile`, which compares profiles with what was archived of them."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from runtime import settings
from runtime.wiring import parts, worker
from runtime.wiring.worker import Journal

if TYPE_CHECKING:
    from runtime.usecases.archive.reconcile_profiles import ReconcileProfiles


def build(journal: Journal) -> "ReconcileProfiles":
    """What compares the profiles of every tenant that has a sync."""
    from runtime.stores.archive.samples import Samples
    from runtime.stores.profiles.profile_states import ProfileStates
    from runtime.stores.tables.table import Table
    from runtime.stores.warehouse.archived_profiles import ArchivedProfiles
    from runtime.stores.warehouse.ledger import Ledger
    from runtime.stores.warehouse.syncs import Syncs
    from runtime.usecases.archive.archive_profiles import ArchiveProfiles
    from runtime.usecases.archive.reconcile_profiles import ReconcileProfiles

    installation = settings.load()
    clients = parts.clients(installation)
    raw_log = parts.raw_log(clients, installation)
    return ReconcileProfiles(
        syncs=Syncs(config=parts.config(clients, installation)),
        profiles=ProfileStates(
            table=Table(client=clients.tables, name=installation.profiles_table)
        ),
        archived=ArchivedProfiles(
            raw_log=raw_log,
            ledger=Ledger(table=raw_log.table),
            scratch=Path(tempfile.gettempdir()),
        ),
        samples=Samples(bucket=raw_log.bucket),
        archive=ArchiveProfiles(raw_log=raw_log, clock=worker.now),
        clock=worker.now,
        journal=journal,
    )
