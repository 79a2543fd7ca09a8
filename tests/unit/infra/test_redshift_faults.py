"""What may happen to a real warehouse can be made to happen to the stand-in."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra.local.redshift.faults import Death, EventFault
from tests.redshift_standin import RedshiftStandIn


@dataclass
class Bus:
    """An event bus that keeps what is put on it."""

    names: list[str] = field(default_factory=list)  # of the statements, in order of arrival

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, int]:  # noqa: N803 - as AWS has it
        """Take events."""
        self.names += [json.loads(entry["Detail"])["statementName"] for entry in Entries]
        return {"FailedEntryCount": 0}


@pytest.mark.parametrize(("death", "rows"), [(Death.BEFORE_COMMIT, 0), (Death.AFTER_COMMIT, 1)])
def test_a_death_around_the_commit_is_reported_as_a_failure(
    redshift: RedshiftStandIn, death: Death, rows: int
) -> None:
    """Whoever believes the report loads rows twice, or never: only the tables can tell."""
    redshift.query("CREATE TABLE t (id VARCHAR(8))")
    redshift.server.faults.deaths.append(death)
    seen = redshift.batch("INSERT INTO t VALUES ('a')")
    assert (seen["Status"], redshift.count()) == ("FAILED", rows)
    assert redshift.batch("INSERT INTO t VALUES ('b')")["Status"] == "FINISHED"


def test_events_come_late_twice_or_never(tmp_path: Path, aws: tuple[Any, Any]) -> None:
    """An event is a hint: nothing may depend on its coming, nor on its coming once."""
    bus = Bus()
    redshift = RedshiftStandIn(tmp_path, s3=aws[0], events=bus)
    redshift.server.faults.events += [EventFault.LATE, EventFault.TWICE, EventFault.LOST]
    for name in ("load-1", "load-2", "load-3", "load-4"):
        redshift.batch("SELECT 1", WithEvent=True, StatementName=name)
    redshift.query("SELECT 1")  # runs behind them, so they have been announced
    redshift.server.close()
    assert bus.names == ["load-2", "load-2", "load-1", "load-4"]
