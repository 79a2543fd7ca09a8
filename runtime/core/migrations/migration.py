"""Migrations: what a release changes about what is stored, in their order, once an installation.

A release reads what it finds in either form, so a stack may be deployed, and rolled back, before
its data is migrated. A migration is done page by page; each page may be repeated.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from runtime.errors import Permanent


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One change of what is stored."""

    number: int  # its place in the order, from 1 without gaps; never given to another one
    name: str  # snake_case; decides which step does it
    does: str  # what it does and why, for people


MIGRATIONS: Final = (
    Migration(
        number=1,
        name="loads_in_time",
        does="puts the loads of syncs in order of time, without which their listing lacks them",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """How far a migration has come in one installation."""

    number: int  # the migration's
    name: str  # the migration's
    started_at: str  # ISO 8601
    looked_at: int = 0  # things that its pages have seen, such as syncs
    changed: int = 0  # records that it has changed
    cursor: str | None = None  # where the next page begins, in the step's words; None at the start
    finished_at: str | None = None  # ISO 8601; None until it is done
    revision: int = 0  # grows by one with each write


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a step has done between two writes of the record."""

    looked_at: int  # as in `Applied`, of this page
    changed: int  # as in `Applied`, of this page
    cursor: str | None  # where the next page begins; None when there is none


class DataIsNewer(Permanent):
    """What is stored was migrated by a later release than this one."""

    code = "data_is_newer"


def pending(
    applied: Iterable[Applied], migrations: tuple[Migration, ...] = MIGRATIONS
) -> tuple[Migration, ...]:
    """The migrations that are not done, in their order.

    Args:
        applied: how far each has come that has begun.
        migrations: those of this release.

    Raises:
        DataIsNewer: one has begun that this release does not know.
    """
    begun = {each.number: each for each in applied}
    later = sorted(begun.keys() - {each.number for each in migrations})
    if later:
        name = begun[later[0]].name
        raise DataIsNewer(
            f"what is stored was migrated by a later release ({later[0]}, {name}); use the command "
            "of that release, or restore what was stored before it"
        )
    return tuple(
        each
        for each in migrations
        if each.number not in begun or begun[each.number].finished_at is None
    )


def advanced(applied: Applied, page: Page, *, now: str) -> Applied:
    """How far the migration has come after a page; done when that was the last."""
    return replace(
        applied,
        looked_at=applied.looked_at + page.looked_at,
        changed=applied.changed + page.changed,
        cursor=page.cursor,
        finished_at=now if page.cursor is None else None,
    )


def finished(migration: Migration, *, now: str) -> Applied:
    """A migration as done in an installation that has nothing to be migrated."""
    return Applied(number=migration.number, name=migration.name, started_at=now, finished_at=now)
