"""Record what an admin does to a whole installation, with AWS credentials and past the API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runtime.core import timestamps
from runtime.core.audit import entry as entries
from runtime.core.audit.entry import INSTALLATION, ActorKind
from runtime.errors import Permanent
from runtime.usecases.audit.ports import Entries

Document = Mapping[str, Any]  # any JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDeed:
    """Records deeds in the audit log of the installation. No tenant sees or is told of them."""

    entries: Entries
    clock: Callable[[], datetime]
    new_id: Callable[[str], str]

    def __call__(
        self,
        action: str,
        *,
        who: str,
        resource_id: str | None,
        before: Document | None,
        deed: Callable[[], Document],
    ) -> Document:
        """Do it; the log has an entry of it before that. Returns what `deed` returns.

        Whoever is killed meanwhile leaves an entry that says `started`.

        Args:
            action: what is done, such as `switch.paused`.
            who: the caller's name at AWS.
            resource_id: to what; None for the whole installation.
            before: how that stood before; None if the deed does not change a thing but makes one.
            deed: does it, and returns how it has ended.

        Raises:
            Transient: the entry could not be written, and nothing was done; or `deed` raises it.
            Exception: `deed` raises it.
        """
        entry = entries.begun(
            tenant=INSTALLATION,
            at=self._now(),
            unique=self.new_id(entries.PREFIX),
            actor_kind=ActorKind.OPERATOR,
            actor_id=None,
            actor_name=who,
            action=action,
            resource_id=resource_id,
            before=before,
        )
        self.entries.add(entry)
        try:
            after = deed()
        except Exception as problem:
            ended = entries.refused if isinstance(problem, Permanent) else entries.unknown
            code = getattr(problem, "code", "internal")
            self.entries.end(ended(entry, code=code, now=self._now()))
            raise
        done = entries.done(
            entry, resource_id=resource_id, before=before, after=after, now=self._now()
        )
        self.entries.end(done)
        return after

    def _now(self) -> str:
        return timestamps.timestamp(self.clock())
