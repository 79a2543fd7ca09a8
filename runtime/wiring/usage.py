"""Composition root of what counts usage, which the Lambda `jobs` does once a day."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from runtime import settings
from runtime.wiring import parts, worker

if TYPE_CHECKING:
    from runtime.usecases.usage.count_usage import CountUsage


def build() -> "CountUsage":
    """What counts the usage of this installation's tenants."""
    from runtime.stores.usage.raw_usage import RawUsage
    from runtime.stores.usage.usages import Usages
    from runtime.usecases.usage.count_usage import CountUsage

    installation = settings.load()
    clients = parts.clients(installation)
    raw_log = parts.raw_log(clients, installation)
    return CountUsage(
        raw_usage=RawUsage(raw_log=raw_log, scratch=Path(tempfile.gettempdir())),
        usages=Usages(table=raw_log.table),
        bus=parts.bus(clients, installation),
        clock=worker.now,
        kept_days=installation.retention_days,
    )
