"""Record a change in the audit log: before it is made, and again when its end is known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runtime.core import timestamps
from runtime.core.audit import entry as entries
from runtime.core.audit.entry import ActorKind, Entry
from runtime.core.tenancy.api_key import ApiKey
from runtime.usecases.audit.ports import Entries
from runtime.usecases.audit.tell import tell
from runtime.usecases.ports import Bus


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A change whose entry is written, and which may now be made."""

    entry: Entry
    before: Mapping[str, Any] | None  # the thing as GET showed it, whole; None for none


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChange:
    """Records the changes that callers of the API make.

    A process may be killed between any two lines. What it leaves is an entry that has not ended, or
    one whose tenant has not been told; the sweep finds both.
    """

    entries: Entries
    bus: Bus
    clock: Callable[[], datetime]
    new_id: Callable[[str], str]

    def begin(
        self,
        caller: ApiKey,
        *,
        action: str,
        resource_id: str | None,
        before: Mapping[str, Any] | None,
        request_id: str,
    ) -> Begun:
        """Write the entry of a change that is about to be made.

        Args:
            caller: the key that makes it.
            action: what is done, such as `webhook.updated`.
            resource_id: of what is changed; None for a thing that has no id yet.
            before: the thing as GET shows it, whole; None for none.
            request_id: of the API call.

        Raises:
            Transient: the entry could not be written, and so the change must not be made.
        """
        entry = entries.begun(
            tenant=caller.tenant,
            at=self._now(),
            unique=self.new_id("aud"),
            actor_kind=ActorKind.API_KEY,
            actor_id=caller.id,
            actor_name=caller.name,
            action=action,
            resource_id=resource_id,
            request_id=request_id,
            before=before,
        )
        self.entries.add(entry)
        return Begun(entry=entry, before=before)

    def done(
        self, begun: Begun, *, resource_id: str | None, after: Mapping[str, Any] | None
    ) -> None:
        """Record that a change was made, and tell the tenant.

        Args:
            begun: what `begin` gave.
            resource_id: of what was changed, which a creation has just given it.
            after: the thing as GET shows it now, whole; None for none.

        Raises:
            Transient: the entry may not have ended, or the tenant not been told; the sweep sees to
                both.
        """
        self._end(
            entries.done(
                begun.entry,
                resource_id=resource_id,
                before=begun.before,
                after=after,
                now=self._now(),
            )
        )

    def refused(self, begun: Begun, *, code: str) -> None:
        """Record that a change was refused with this code, and tell the tenant.

        Raises:
            Transient: as `done`.
        """
        self._end(entries.refused(begun.entry, code=code, now=self._now()))

    def unknown(self, begun: Begun, *, code: str) -> None:
        """Record that a fault of ours with this code cut a change short, and tell the tenant.

        Raises:
            Transient: as `done`.
        """
        self._end(entries.unknown(begun.entry, code=code, now=self._now()))

    def _end(self, ended: Entry) -> None:
        # An end that the sweep has written stays, and the sweep tells of it.
        if self.entries.end(ended):
            tell(ended, bus=self.bus, entries=self.entries)

    def _now(self) -> str:
        return timestamps.timestamp(self.clock())
