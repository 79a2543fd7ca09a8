"""Composition root of the lake's compaction, which the Lambda `jobs` does once a day."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runtime import settings
from runtime.wiring import parts, worker

if TYPE_CHECKING:
    from runtime.usecases.warehouse.compact_lake import CompactLake

BUDGET_S: Final = 720  # of the function's 900: the last merge has time to end
LEASE_MS: Final = 16 * 60 * 1000  # longer than the function lives


def build() -> "CompactLake":
    """What compacts the lakes of this installation."""
    from runtime.stores.warehouse.compactions import Compactions
    from runtime.stores.warehouse.ledger import Ledger
    from runtime.usecases.warehouse.compact_lake import CompactLake

    installation = settings.load()
    raw_log = parts.raw_log(parts.clients(installation), installation)
    return CompactLake(
        files=Compactions(bucket=raw_log.bucket, scratch=Path(tempfile.gettempdir())),
        leases=Ledger(table=raw_log.table),
        clock=worker.now,
        budget_s=BUDGET_S,
        lease_ms=LEASE_MS,
    )
