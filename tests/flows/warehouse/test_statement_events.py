"""Events of statements that are lost, come twice or out of order: each load ends all the same."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra.local.redshift.faults import EventFault
from runtime.core.warehouse.messages import SyncMessage, parse_sync
from runtime.core.warehouse.plan import STATEMENTS
from tests.builders import an_event
from tests.warehouse import PREFIX, World
from tests.warehouse_records import a_sync


@dataclass
class Rule:
    """The rule on the default bus, which hands the events of loads to the sync queue."""

    messages: list[SyncMessage] = field(default_factory=list)

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, int]:  # noqa: N803 - as AWS has it
        """Take events, as the warehouse sends them."""
        self.messages += [
            parse_sync(entry["Detail"])
            for entry in Entries
            if json.loads(entry["Detail"])["statementName"].startswith(f"{PREFIX}{STATEMENTS}")
        ]
        return {"FailedEntryCount": 0}


@pytest.fixture
def rule() -> Rule:
    """Where the warehouse's events go."""
    return Rule()


@pytest.fixture
def world(tmp_path: Path, rule: Rule, _aws: None) -> Iterator[World]:
    """An installation whose warehouse announces the ends of statements."""
    world = World(tmp_path, events=rule)
    world.syncs.add(a_sync())
    world.archive(an_event(id="first"))
    world.planner().sync_one("acme", "syn_1")
    rule.messages.clear()
    yield world
    world.close()


def load(world: World, rule: Rule, name: str) -> None:
    """An event arrives, and a run submits its load and does not wait for the statement's end."""
    world.archive(an_event(id=name))
    world.plan()
    world.redshift.faults.gate.clear()
    world.work(world.planner(statement_wait_s=0))
    world.redshift.faults.gate.set()
    world.query("SELECT 1")  # runs behind the statement, so its end has been announced
    world.queue.send(rule.messages)
    rule.messages.clear()


@pytest.mark.parametrize("fault", [None, *EventFault])
def test_each_load_ends_once_whatever_becomes_of_its_event(
    world: World, rule: Rule, fault: EventFault | None
) -> None:
    """The event is a hint; the message that the run has sent itself comes later in any case."""
    for number in range(3):
        world.pass_time(hours=1)
        if fault is not None:
            world.redshift.faults.events.append(fault)
        load(world, rule, f"e{number}")
        world.work()
        world.pass_time(minutes=1)
        world.work()

    assert world.ids() == ["e0", "e1", "e2", "first"]
    assert {run.state.value for run in world.runs()} == {"loaded"}
