"""Migrating goes on where it was stopped, and two who migrate at once do no harm."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from runtime.core.migrations.migration import Applied, Migration, Page
from runtime.errors import Transient
from runtime.stores.migrations.records import MigrationRecords
from runtime.usecases.migrations.migrate import Migrate
from tests.cloud import Cloud

TWO = tuple(Migration(number=n, name=name, does="…") for n, name in ((1, "first"), (2, "second")))
PAGES = 3


class Steps:
    """Steps of three pages each, which note what they are asked to do."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str | None]] = []
        self.fails_at: tuple[str, str | None] | None = None  # raises there once
        self.meanwhile: Callable[[], object] = lambda: None  # what happens during a page

    def step(self, name: str) -> Callable[[str | None], Page]:
        """The step of this migration."""

        def do(cursor: str | None) -> Page:
            if self.fails_at == (name, cursor):
                self.fails_at = None
                raise Transient("AWS does not answer", code="aws_unavailable")
            self.meanwhile()
            self.done.append((name, cursor))
            page = int(cursor or 0) + 1
            return Page(looked_at=1, changed=1, cursor=None if page == PAGES else str(page))

        return do


@pytest.fixture
def steps() -> Steps:
    """What the migrations of a test do."""
    return Steps()


def migrate(cloud: Cloud, steps: Steps, migrations: tuple[Migration, ...] = TWO) -> Migrate:
    """What migrates an installation by these steps."""
    return Migrate(
        records=MigrationRecords(config=cloud.config),
        steps={each.name: steps.step(each.name) for each in TWO},
        clock=lambda: datetime.now(UTC),
        migrations=migrations,
    )


def test_each_migration_is_done_once_and_in_order(cloud: Cloud, steps: Steps) -> None:
    """The second may rest on what the first has made."""
    last = list(migrate(cloud, steps)())[-1]

    pages: list[str | None] = [None, "1", "2"]
    assert [*(("first", page) for page in pages), *(("second", page) for page in pages)] == (
        steps.done
    )
    assert ("second", PAGES, PAGES) == (last.name, last.looked_at, last.changed)
    assert [] == list(migrate(cloud, steps)())
    assert () == migrate(cloud, steps).pending()


def test_the_next_call_goes_on_behind_the_last_page(cloud: Cloud, steps: Steps) -> None:
    """A laptop is closed; a migration of hours must not begin again."""
    steps.fails_at = ("first", "2")
    with pytest.raises(Transient):
        list(migrate(cloud, steps)())

    list(migrate(cloud, steps)())

    assert [None, "1", "2"] == [cursor for name, cursor in steps.done if name == "first"]


def test_a_release_with_one_more_applies_that_one_alone(cloud: Cloud, steps: Steps) -> None:
    """What was done under an earlier release is not done again."""
    list(migrate(cloud, steps, TWO[:1])())

    assert [TWO[1]] == list(migrate(cloud, steps).pending())
    list(migrate(cloud, steps)())
    assert PAGES == sum(name == "first" for name, _ in steps.done)


def test_of_two_who_migrate_at_once_one_is_told(cloud: Cloud, steps: Steps) -> None:
    """Their pages may be done twice; what is recorded is one of the two."""
    other = migrate(cloud, Steps())

    def once() -> None:
        steps.meanwhile = lambda: None
        list(other())

    steps.meanwhile = once

    with pytest.raises(Transient) as told:
        list(migrate(cloud, steps)())

    assert "migration_busy" == told.value.code
    assert () == other.pending()


def test_a_new_installation_has_nothing_to_migrate(cloud: Cloud, steps: Steps) -> None:
    """Its records are in the form of the release that makes them."""
    migrate(cloud, steps).settle()

    assert () == migrate(cloud, steps).pending()
    assert [] == steps.done


def test_a_record_says_since_when(cloud: Cloud, steps: Steps) -> None:
    """An admin asks how long it has taken."""
    applied: list[Applied] = list(migrate(cloud, steps)())

    assert all(each.started_at <= (each.finished_at or "~") for each in applied)
