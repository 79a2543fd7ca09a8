"""Applies the migrations that an installation lacks, in their order, page by page.

Whoever is stopped leaves the rest to the next call, which begins behind the last page that was
recorded. A page that was done and not recorded is done again, which changes nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.migrations.migration import (
    MIGRATIONS,
    Applied,
    Migration,
    Page,
    advanced,
    finished,
    pending,
)
from runtime.core.timestamps import timestamp
from runtime.errors import Transient

# Does one page of a migration, from a cursor on (None at the start). It may be repeated.
Step = Callable[[str | None], Page]


class Records(Protocol):
    """Stores how far each migration has come."""

    def all(self) -> Iterable[Applied]:
        """Those that have begun, read now."""

    def begin(self, applied: Applied, /) -> bool:
        """Store a migration that begins; False when it has begun already."""

    def replace(self, old: Applied, new: Applied, /) -> Applied | None:
        """Store `new` in the place of `old`; None when `old` has changed meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrate:
    """Migrates one installation."""

    records: Records
    steps: Mapping[str, Step]  # by the migration's name
    clock: Callable[[], datetime]
    migrations: tuple[Migration, ...] = MIGRATIONS

    def pending(self) -> tuple[Migration, ...]:
        """The migrations that are not done.

        Raises:
            DataIsNewer: a later release has migrated it.
        """
        return pending(self.records.all(), self.migrations)

    def settle(self) -> None:
        """Record every migration as done: of an installation in which nothing is stored yet."""
        for migration in self.migrations:
            self.records.begin(finished(migration, now=self._now()))

    def __call__(self) -> Iterator[Applied]:
        """Do page after page; gives how far each migration has come, after each of its pages.

        Raises:
            DataIsNewer: a later release has migrated it; nothing is changed.
            Transient: code `migration_busy`: somebody else migrates; or a page could not be done.
                The next call goes on behind the last page.
        """
        for migration in self.pending():
            applied = self._begun(migration)
            while applied.finished_at is None:
                page = self.steps[migration.name](applied.cursor)
                written = self.records.replace(applied, advanced(applied, page, now=self._now()))
                if written is None:
                    raise Transient(
                        "somebody else migrates this installation; wait until that has ended",
                        code="migration_busy",
                    )
                applied = written
                yield applied

    def _begun(self, migration: Migration) -> Applied:
        new = Applied(number=migration.number, name=migration.name, started_at=self._now())
        self.records.begin(new)
        return next(each for each in self.records.all() if each.number == migration.number)

    def _now(self) -> str:
        return timestamp(self.clock())
