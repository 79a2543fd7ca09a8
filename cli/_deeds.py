"""Puts what an admin's command does on record, in the audit log of the installation."""

from collections.abc import Callable, Mapping
from typing import Any

from cli._installation import Installation
from runtime.core.operations.deeds import Deed


def recorded(
    installation: Installation,
    deed: Deed,
    *,
    do: Callable[[], Mapping[str, Any]],
    resource_id: str | None = None,
    before: Mapping[str, Any] | None = None,
) -> Mapping[str, Any]:
    """Do it, with an entry that says who did it and how it ended; returns what `do` returns.

    Args:
        installation: whose log.
        deed: what is done.
        do: does it, and returns how it has ended.
        resource_id: to what; None for the whole installation.
        before: how that stood before, if the deed changes it.

    Raises:
        PenstockError: the entry could not be written, and nothing was done; or `do` raises it.
    """
    from runtime.wiring import operations

    deeds = operations.deeds(
        client=installation.client, audit_table=installation.output("AuditTable")
    )
    return deeds.record(deed, who=deeds.who, resource_id=resource_id, before=before, deed=do)
