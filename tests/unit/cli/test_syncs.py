"""`penstock syncs`: what people read of how far a sync has come."""

import pytest

from cli import _syncs
from runtime.core.warehouse import health
from runtime.core.warehouse.gap import Gap
from runtime.core.warehouse.health import Health, Problem
from tests.builders import NOW
from tests.unit.cli.conftest import Command


@pytest.mark.parametrize(
    ("behind_s", "text"),
    [
        (None, "never loaded"),
        (0, "0 seconds behind"),
        (59, "59 seconds behind"),
        (60, "1 minute behind"),
        (179, "2 minutes behind"),
        (7_200, "2 hours behind"),
        (86_400 * 31, "31 days behind"),
    ],
)
def test_freshness_is_said_as_people_say_it(behind_s: int | None, text: str) -> None:
    """An analyst asks how old the data is, not for a time in UTC."""
    assert text == _syncs.freshness({"behind_s": behind_s})


def test_a_sync_that_stands_before_a_gap_says_what_is_lost_and_how_to_go_on(
    penstock: Command,
) -> None:
    """The command that it names works as it stands there, and the list says it too."""
    api = penstock.api
    sync = penstock("syncs", "create", "--name", "lake", "--kind", "s3", "--json").json["id"]
    ledger = api.application.syncs.ledger
    lease = ledger.acquire(api.tenant, sync, now_ms=0, lease_ms=1)
    gap = Gap(first_seq=4, last_seq=5, batches=2, rows=812, arrived_from=NOW, arrived_until=NOW)
    ledger.tend(lease, health.failed(Health(), Problem("gone", "raw_gap"), at=NOW, gap=gap))

    shown, listed = penstock("syncs", "show", sync).out, penstock("syncs", "list").out

    [command] = [line for line in shown.splitlines() if "penstock syncs skip-gap" in line]
    assert "812" in shown
    assert "raw_gap" in listed
    assert "never loaded" in listed
    skipped = penstock(*command.partition("penstock ")[2].split())
    assert (0, True) == (skipped.code, "812 rows" in skipped.out)
    after = penstock("syncs", "show", sync).out
    assert ("penstock syncs skip-gap" in after, "skipped:" in after) == (False, True)
