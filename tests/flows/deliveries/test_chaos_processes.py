"""`make chaos`, with workers that are processes: SIGKILL leaves nobody to tidy up."""

from collections.abc import Iterator

import pytest

from tests import cloud as clouds
from tests.chaos import events, report
from tests.chaos.checker import check
from tests.chaos.processes import ProcessStage
from tests.chaos.report import Tell
from tests.cloud import Cloud
from tests.scripted_receiver import ScriptedReceiver

DELIVERIES = 100


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An account on the local cloud's emulator."""
    with clouds.emulator("chaos") as endpoint, clouds.on_local_cloud(endpoint) as account:
        yield account


@pytest.mark.chaos
def test_nothing_is_lost_when_processes_are_killed(cloud: Cloud, tell: Tell) -> None:
    """The deployed handlers, built as in a Lambda; a fresh process knows only what is stored."""
    seed = report.seed()
    tell(report.opening("in processes", seed))
    with ScriptedReceiver() as server:
        stage = ProcessStage(seed, cloud, server, count=DELIVERIES // events.FAN_OUT)
        evidence = stage.run()

    verdict = check(evidence)

    assert cloud.parked_codes("parked") == []
    assert evidence.faults
    tell(report.summary(evidence, verdict, events=stage.count, processes=stage.workers.lives))
