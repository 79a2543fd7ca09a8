"""What the API does with the audit log."""

from dataclasses import dataclass

from runtime.settings import Settings
from runtime.stores.audit.audit_log import AuditLog
from runtime.stores.aws.clients import Clients
from runtime.usecases.audit.record_change import RecordChange
from runtime.wiring import parts, worker


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditApi:
    """What the API does with the audit log."""

    log: AuditLog  # the store, to list and show entries
    record: RecordChange


def build(clients: Clients, installation: Settings) -> AuditApi:
    """The use cases of the audit log, with their store."""
    log = parts.audit_log(clients, installation)
    return AuditApi(
        log=log,
        record=RecordChange(
            entries=log,
            bus=parts.bus(clients, installation),
            clock=worker.now,
            new_id=parts.new_id,
        ),
    )
