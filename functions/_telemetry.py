"""Logs and metrics of the functions: a JSON line for each attempt, metrics for each invocation.

CloudWatch bills every byte of every line, so a line has only what tells it from other lines. It
does not name its function, as the log group does, nor its process, as the log stream does; the
lines of one invocation stand together there.
"""

import json
import logging
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from runtime.core.timestamps import timestamp
from runtime.wiring import worker

_SERVICE: Final = worker.function()
# One for each installation: an account may have several, and each has alarms of its own.
_NAMESPACE: Final = "/".join(filter(None, ("Penstock", worker.stack())))
# Writes errors and warnings. Lambda adds a time of its own to a line whose time is not RFC 3339.
logger: Final = Logger(service=_SERVICE, use_rfc3339=True, utc=True)
# Metrics have few dimensions, and no tenant among them but where an installation asks for it: each
# combination of values is a metric of its own, which is billed by the month.
_metrics: Final = Metrics(namespace=_NAMESPACE, service=_SERVICE)
_outcomes: Final[Counter[str]] = Counter()


def begin(context: object) -> None:
    """Put the request's id into every error and warning of this invocation."""
    logger.append_keys(request_id=getattr(context, "aws_request_id", None))


def journal(line: Mapping[str, Any]) -> None:
    """Write the one line that an attempt leaves; its `message` names it, and None is left out.

    Numbers in its `measures` are metrics by name, each by `service`, and by the fields of the line
    as well that `measured_by` names. Those in `measures_of_all` are metrics of the installation,
    whichever function wrote them. Such lines are written at every log level, and have one or the
    other. `since_accepted_s` is no field of a line: it goes into this invocation's metrics, as what
    an attempt took does.
    """
    fields = {name: value for name, value in line.items() if value is not None}
    measures, by = fields.pop("measures", {}), fields.pop("measured_by", ())
    of_all = fields.pop("measures_of_all", {})
    waited_s = fields.pop("since_accepted_s", None)
    if measures or of_all or logger.log_level <= logging.INFO:
        line_of = {"message": fields.pop("message"), "timestamp": timestamp(worker.now())}
        sets = [["service"], *([["service", *by]] if by else [])]
        metrics = _embedded(measures, sets) if measures else _embedded(of_all, [[]])
        _write({**line_of, **fields, **(metrics if measures or of_all else {})})
    if "outcome" in line:
        _outcomes[f"{line['message'].replace('.', '_')}_{line['outcome']}"] += 1
    if "total_ms" in line:
        _metrics.add_metric(name="attempt_ms", unit=MetricUnit.Milliseconds, value=line["total_ms"])
    if waited_s is not None:
        _metrics.add_metric(name="first_attempt_s", unit=MetricUnit.Seconds, value=waited_s)


def _embedded(measures: Mapping[str, float], sets: Sequence[Sequence[str]]) -> dict[str, Any]:
    """The fields by which CloudWatch makes metrics of a line.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    metrics = [
        {"Name": name, "Unit": "Seconds" if name.endswith("_s") else "Count"} for name in measures
    ]
    directive = {"Namespace": _NAMESPACE, "Dimensions": sets, "Metrics": metrics}
    at_ms = int(worker.now().timestamp() * 1000)
    about = {"Timestamp": at_ms, "CloudWatchMetrics": [directive]}
    service = {"service": _SERVICE} if any(sets) else {}
    return {**service, **measures, "_aws": about}


def count(**numbers: float) -> None:
    """Put numbers into this invocation's metrics, e.g. `records=10, failed=2`; zeros are left out.

    Beside them it puts how often each outcome was journalled since the last call.
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
    """The values of a metric, as short as JSON can write them; anything else as it is."""
    if not isinstance(value, list):
        return value
    short = [int(number) if number.is_integer() else number for number in value]
    return short[0] if len(short) == 1 else short


def _write(line: Mapping[str, Any]) -> None:
    # A line is written in one call, because several threads write lines.
    sys.stdout.write(json.dumps(line, separators=(",", ":"), default=str) + "\n")
    sys.stdout.flush()
