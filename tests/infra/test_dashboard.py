"""The dashboard shows only what is measured: a graph of a metric that nobody writes is a lie."""

import json
import re
from collections.abc import Iterator
from typing import Final

import pytest

from functions import _telemetry
from infra.scan import template
from runtime.core.watch.queues import judge
from runtime.usecases.warehouse.check_syncs import Checked
from tests.alarms import NATIVE, written
from tests.cloud import Cloud
from tests.flows.bus import BUILDERS, call
from tests.unit.functions.test_telemetry import REFUSED, TAKEN

FREE_METRICS: Final = 50  # of a dashboard, where it is one of the first three of its account
[DASHBOARD] = template.resources("AWS::CloudWatch::Dashboard")
BODY: Final = json.loads(
    re.sub(r"\$\{(\w+|AWS::Region)\}", r"\1", DASHBOARD.properties["DashboardBody"]["Fn::Sub"])
)
OURS: Final = "Penstock/Installation"


def metrics() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Each metric that is shown: its namespace, its name, and its dimension's name and value."""
    for widget in BODY["widgets"]:
        for row in widget["properties"]["metrics"]:
            namespace, *rest = [part for part in row if isinstance(part, str)] or [""]
            if namespace:
                yield namespace, rest[0], tuple(rest[1:])


SHOWN: Final = sorted(set(metrics()))


@pytest.fixture
def measured(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> set[tuple[str, tuple[str, ...]]]:
    """What functions write: each handler is given a record, each line is what its code makes."""
    data = []
    capsys.readouterr()
    for function in BUILDERS:
        call(cloud, function, "no record")
        data += written(function, capsys.readouterr().out)
        _telemetry.count(records=1, failed=1)
        data += written(function, capsys.readouterr().out)
    for each in (TAKEN, REFUSED, {**TAKEN, "outcome": "dead"}):
        _telemetry.journal({**each, "since_accepted_s": 0})
    _telemetry.count(records=3)
    trouble = judge({"shop-RunQueueDeadLetters-1": 1, "RunQueue": 1}, {"RunQueue": 9999})
    checked = Checked(syncs=1, rows_missed=1, overdue_s=1)
    for measures in (trouble.measures, checked.measures):
        _telemetry.journal({"message": "looked", "measures_of_all": measures})
    data += written("deliver", capsys.readouterr().out)
    return {(each.name, tuple(part for pair in each.dimensions for part in pair)) for each in data}


def test_each_metric_of_the_dashboard_is_written_by_us_or_measured_by_aws(
    measured: set[tuple[str, tuple[str, ...]]],
) -> None:
    """Ours with just these dimensions; those of AWS stand in a table with their source."""
    for namespace, name, dimensions in SHOWN:
        if namespace == OURS:
            assert (name, dimensions) in measured, (name, dimensions)
        else:
            assert (namespace, name) in NATIVE, (namespace, name)


def test_the_dashboard_is_free_where_it_is_among_the_first_three() -> None:
    """One with more metrics costs $3 a month in any account."""
    assert 0 < len(SHOWN) <= FREE_METRICS


def test_every_objective_is_shown_with_the_threshold_of_its_alarm() -> None:
    """So that who looks sees how far away trouble is."""
    alarms = template.resources("AWS::CloudWatch::Alarm")
    thresholds = {each.name: float(each.properties["Threshold"]) for each in alarms}
    lines = {
        line["value"]
        for widget in BODY["widgets"]
        for line in widget["properties"].get("annotations", {}).get("horizontal", [])
    }
    for name in ("FirstAttemptSlow", "DeliveriesFailing", "SyncOverdue", "ProfileStreamOld"):
        assert thresholds[name] in lines, name


def test_widgets_lie_on_the_grid_side_by_side() -> None:
    """CloudWatch moves those that overlap, each to where nobody looks for it."""
    fields: list[tuple[int, int]] = [
        (x, y)
        for widget in BODY["widgets"]
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(fields) == len(set(fields))
    assert max(x for x, _ in fields) < 24
