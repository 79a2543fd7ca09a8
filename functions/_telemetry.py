"""Logs and metrics of the functions: one JSON line an attempt, a few numbers an invocation."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from runtime import wiring

_SERVICE: Final = wiring.function()
logger: Final = Logger(service=_SERVICE)
# Few names and no tenant among them: each combination is a metric that is billed by the month.
_metrics: Final = Metrics(namespace="Penstock", service=_SERVICE)
_outcomes: Final[Counter[str]] = Counter()


def begin(context: object) -> None:
    """Put the request's id into all of its lines."""
    logger.append_keys(request_id=getattr(context, "aws_request_id", None))


def journal(line: Mapping[str, Any]) -> None:
    """Write the one line that an attempt leaves; its `message` names it."""
    extra = {name: value for name, value in line.items() if name != "message"}
    logger.info(line["message"], extra=extra)
    if "outcome" in line:
        _outcomes[f"{line['message'].replace('.', '_')}_{line['outcome']}"] += 1
    if "total_ms" in line:
        _metrics.add_metric(name="attempt_ms", unit=MetricUnit.Milliseconds, value=line["total_ms"])


def count(**numbers: float) -> None:
    """Put numbers into this invocation's metrics, e.g. `records=10, failed=0`.

    With them goes how often each outcome has been journalled since the last time.
    """
    every = {**_outcomes, **numbers}
    _outcomes.clear()
    if not every:
        return
    for name, number in every.items():
        _metrics.add_metric(name=name, unit=MetricUnit.Count, value=number)
    _metrics.flush_metrics()
