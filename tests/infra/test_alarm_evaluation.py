"""What the evaluation of alarms knows of CloudWatch's rules."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from infra.local import ministack_alarms
from infra.local.ministack_alarms import ALARM, OK
from tests.alarms import ALARMS, of_lambda, resolved, says

NOON: Final = datetime(2026, 11, 20, 12, 0, 5, tzinfo=UTC)
SOON: Final = NOON + timedelta(seconds=30)  # when the alarms are judged


@pytest.mark.parametrize(
    ("missing", "state"),
    [("breaching", ALARM), ("notBreaching", OK), ("missing", "INSUFFICIENT_DATA")],
)
def test_no_data_means_what_the_alarm_says(missing: str, state: str) -> None:
    """Silence is trouble for one alarm, and peace for another."""
    alarm = {**resolved(ALARMS["Throttled"]), "TreatMissingData": missing}
    assert ministack_alarms.state(alarm, [], now_s=0) == state


def test_only_the_periods_that_are_evaluated_count() -> None:
    """An hour ago is long ago."""
    then = NOON - timedelta(hours=1)
    old = [of_lambda("Throttles", 99, at=then - timedelta(minutes=n)) for n in range(5)]
    assert says("Throttled", old, now=SOON) == OK


def test_an_expression_that_no_alarm_has_is_refused() -> None:
    """Rather than judged wrong."""
    alarm: dict[str, Any] = resolved(ALARMS["DeliveriesFailing"])
    metrics = [{**alarm["Metrics"][0], "Expression": "FILL(failed, 0)"}, *alarm["Metrics"][1:]]
    with pytest.raises(ValueError, match="FILL"):
        ministack_alarms.state({**alarm, "Metrics": metrics}, [], now_s=0)
