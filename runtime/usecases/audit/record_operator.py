"""Record a change that somebody makes with AWS credentials, past the API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from runtime.core import timestamps
from runtime.core.audit import entry as entries
from runtime.core.audit.entry import ActorKind
from runtime.errors import Permanent
from runtime.usecases.audit.ports import Entries

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOperator:
    """Records what operators change; the sweep tells the tenant, as operators may put no events."""

    entries: Entries
    clock: Callable[[], datetime]
    new_id: Callable[[str], str]

    def __call__(
        self,
        tenant: str,
        *,
        action: str,
        create: Callable[[], T],
        show: Callable[[T], Mapping[str, Any]],
    ) -> T:
        """Have a thing created; the audit log has an entry of it before that.

        Args:
            tenant: whose thing it is.
            action: what is done, such as `api_key.created`.
            create: creates it.
            show: the thing as GET shows it, with its `id`.

        Raises:
            Transient: the entry could not be written, and nothing was created; or `create`
                raises it, and the sweep ends the entry.
            PenstockError: `create` raises it.
        """
        entry = entries.begun(
            tenant=tenant,
            at=self._now(),
            unique=self.new_id("aud"),
            actor_kind=ActorKind.OPERATOR,
            actor_id=None,
            actor_name=ActorKind.OPERATOR.value,
            action=action,
        )
        self.entries.add(entry)
        try:
            thing = create()
        except Permanent as refusal:
            self.entries.end(entries.refused(entry, code=refusal.code, now=self._now()))
            raise
        after = show(thing)
        self.entries.end(
            entries.done(
                entry, resource_id=str(after["id"]), before=None, after=after, now=self._now()
            )
        )
        return thing

    def _now(self) -> str:
        return timestamps.timestamp(self.clock())
