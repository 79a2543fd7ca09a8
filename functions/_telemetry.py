"""Logs and metrics of the functions: one JSON line an attempt, a few numbers an invocation.

Every byte of a line is paid for with each attempt, so a line has what tells it from the others.
The log's name says which function it is of, and the stream which copy; what an invocation has
written stands together there.
"""

import json
import logging
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from runtime.core.timestamps import timestamp
from runtime.wiring import worker

_SERVICE: Final = worker.function()
# For trouble. Lambda adds a time of its own to a line that has none in the form of RFC 3339.
logger: Final = Logger(service=_SERVICE, use_rfc3339=True, utc=True)
# Few names and no tenant among them: each combination is a metric that is billed by the month.
_metrics: Final = Metrics(namespace="Penstock", service=_SERVICE)
_outcomes: Final[Counter[str]] = Counter()


def begin(context: object) -> None:
    """Put the request's id into all lines of trouble."""
    logger.append_keys(request_id=getattr(context, "aws_request_id", None))


def journal(line: Mapping[str, Any]) -> None:
    """Write the one line that an attempt leaves; its `message` names it, and None is left out."""
    if logger.log_level <= logging.INFO:
        fields = {name: value for name, value in line.items() if value is not None}
        _write({"message": fields.pop("message"), "timestamp": timestamp(worker.now()), **fields})
    if "outcome" in line:
        _outcomes[f"{line['message'].replace('.', '_')}_{line['outcome']}"] += 1
    if "total_ms" in line:
        _metrics.add_metric(name="attempt_ms", unit=MetricUnit.Milliseconds, value=line["total_ms"])


def count(**numbers: float) -> None:
    """Put numbers into this invocation's metrics, e.g. `records=10, failed=2`; none of nothing.

    With them goes how often each outcome has been journalled since the last time.
    """
    every = {name: number for name, number in {**_outcomes, **numbers}.items() if number}
    _outcomes.clear()
    if not every:
        return
    for name, number in every.items():
        _metrics.add_metric(name=name, unit=MetricUnit.Count, value=number)
    _write({name: _plain(value) for name, value in _metrics.serialize_metric_set().items()})
    _metrics.clear_metrics()


def _plain(value: Any) -> Any:
    """The values of a metric in as few characters as they need; anything else as it is."""
    if not isinstance(value, list):
        return value
    short = [int(number) if number.is_integer() else number for number in value]
    return short[0] if len(short) == 1 else short


def _write(line: Mapping[str, Any]) -> None:
    # In one piece, since threads write too.
    sys.stdout.write(json.dumps(line, separators=(",", ":"), default=str) + "\n")
    sys.stdout.flush()
