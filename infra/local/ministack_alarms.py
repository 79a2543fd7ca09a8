"""Evaluates CloudWatch alarms as AWS does: metric math, missing data, M out of N datapoints.

Loaded by ministack_main.py by its path, so it imports nothing of ours; and by tests, which judge
the alarms of the template by the metrics that functions have written. It knows no clock.
"""

import ast
import json
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Dimensions = frozenset[tuple[str, str]]
MISSING_IS_BREACHING: Final = "breaching"
MISSING_IS_FINE: Final = "notBreaching"
ALARM: Final = "ALARM"
OK: Final = "OK"
UNKNOWN: Final = "INSUFFICIENT_DATA"
_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_STATISTICS: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "Sum": math.fsum,
    "Average": lambda values: math.fsum(values) / len(values),
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
}
_OPERATORS: Final[Mapping[type, Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Datum:
    """One value of a metric."""

    namespace: str
    name: str
    dimensions: Dimensions  # the metric's own; another set of them is another metric
    at_s: float  # when it was measured, in epoch seconds
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A metric that an alarm reads, and how."""

    namespace: str
    name: str
    dimensions: Dimensions
    statistic: str  # a name in `_STATISTICS`, or a percentile such as `p99`
    period_s: int


def embedded(line: str) -> list[Datum]:
    """The metrics in a line of a log, by CloudWatch's embedded format; none in any other line."""
    try:
        fields = json.loads(line)
        about = fields["_aws"]
    except (ValueError, TypeError, KeyError):
        return []
    return [
        Datum(
            namespace=directive["Namespace"],
            name=metric["Name"],
            dimensions=frozenset((name, str(fields[name])) for name in names),
            at_s=about["Timestamp"] / 1000,
            value=float(value),
        )
        for directive in about["CloudWatchMetrics"]
        for names in directive["Dimensions"]
        for metric in directive["Metrics"]
        for value in _values(fields[metric["Name"]])
    ]


def state(alarm: Mapping[str, Any], data: Iterable[Datum], *, now_s: float) -> str:
    """What an alarm says of these metrics: ALARM, OK or INSUFFICIENT_DATA.

    Args:
        alarm: its properties as in the template, with its references resolved.
        data: of any metrics.
        now_s: the present, in epoch seconds; the periods end with it.
    """
    known = list(data)
    periods = int(alarm["EvaluationPeriods"])
    points = [_point(alarm, known, now_s=now_s, back=back) for back in range(periods)]
    missing = alarm.get("TreatMissingData", "missing")
    if all(point is None for point in points) and missing not in (
        MISSING_IS_BREACHING,
        MISSING_IS_FINE,
    ):
        return UNKNOWN
    compare = _COMPARISONS[alarm["ComparisonOperator"]]
    breaching = [
        missing == MISSING_IS_BREACHING
        if point is None
        else compare(point, float(alarm["Threshold"]))
        for point in points
    ]
    return ALARM if sum(breaching) >= int(alarm.get("DatapointsToAlarm", periods)) else OK


def queries(alarm: Mapping[str, Any]) -> list[Query]:
    """The metrics that an alarm reads; each is billed."""
    if "Metrics" not in alarm:
        statistic = alarm.get("ExtendedStatistic") or alarm["Statistic"]
        return [_query(alarm, statistic, alarm["Period"])]
    stats = [each["MetricStat"] for each in alarm["Metrics"] if "MetricStat" in each]
    return [_query(each["Metric"], each["Stat"], each["Period"]) for each in stats]


def _query(metric: Mapping[str, Any], statistic: str, period_s: int | str) -> Query:
    return Query(
        namespace=metric["Namespace"],
        name=metric["MetricName"],
        dimensions=frozenset((d["Name"], d["Value"]) for d in metric.get("Dimensions") or ()),
        statistic=statistic,
        period_s=int(period_s),
    )


def _point(
    alarm: Mapping[str, Any], data: Sequence[Datum], *, now_s: float, back: int
) -> float | None:
    """What an alarm compares, of the period that ended `back` periods ago; None without data."""
    values = [_value(query, data, now_s=now_s, back=back) for query in queries(alarm)]
    if "Metrics" not in alarm:
        return values[0]
    named = [each["Id"] for each in alarm["Metrics"] if "MetricStat" in each]
    [expression] = [each["Expression"] for each in alarm["Metrics"] if "Expression" in each]
    tree = ast.parse(expression, mode="eval").body
    try:
        return _computed(tree, dict(zip(named, values, strict=True)))
    except (KeyError, ZeroDivisionError):
        return None


def _value(query: Query, data: Sequence[Datum], *, now_s: float, back: int) -> float | None:
    until_s = now_s - back * query.period_s
    values = sorted(
        each.value
        for each in data
        if (each.namespace, each.name, each.dimensions)
        == (query.namespace, query.name, query.dimensions)
        and until_s - query.period_s < each.at_s <= until_s
    )
    if not values:
        return None
    if query.statistic in _STATISTICS:
        return _STATISTICS[query.statistic](values)
    share = float(query.statistic.removeprefix("p")) / 100
    return values[max(math.ceil(share * len(values)), 1) - 1]


def _computed(node: ast.expr, values: Mapping[str, float | None]) -> float:
    """The value of a metric's expression.

    Raises:
        KeyError: a metric in it has no value in this period.
        ValueError: it has what no alarm of ours has.
    """
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            value = values[name]
            if value is None:
                raise KeyError(name)
            return value
        case ast.BinOp(left=left, op=op, right=right):
            return float(_OPERATORS[type(op)](_computed(left, values), _computed(right, values)))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return float(_OPERATORS[type(op)](_computed(left, values), _computed(right, values)))
        case ast.Call(func=ast.Name(id="IF"), args=[condition, yes, no]):
            return _computed(yes if _computed(condition, values) else no, values)
        case _:
            raise ValueError(f"no alarm here has {ast.unparse(node)}")


def _values(value: Any) -> Sequence[float]:
    return value if isinstance(value, list) else [value]
