"""The deployed alarms, judged each minute by the metrics that functions have written."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from infra.local import ministack_alarms
from infra.local.ministack_alarms import ALARM, Datum
from infra.removal.ground import Ground
from infra.scan import template

NAMES: Final = tuple(each.name for each in template.resources("AWS::CloudWatch::Alarm"))
END_OF_MINUTE: Final = timedelta(seconds=59)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """An alarm that has fired."""

    alarm: str
    at: datetime
    ended_at: datetime | None  # None while it is on


def deployed(ground: Ground) -> dict[str, Mapping[str, Any]]:
    """The alarms of the installation as CloudWatch has them, by their names in the template."""
    pages = ground.client("cloudwatch").get_paginator("describe_alarms").paginate()
    alarms = [each for page in pages for each in page["MetricAlarms"]]
    return {
        name: each for name in NAMES for each in alarms if f"-{name}-" in str(each["AlarmName"])
    }


@dataclass(kw_only=True)
class Alarms:
    """The alarms of one scene; each scene begins without any metrics."""

    deployed: Mapping[str, Mapping[str, Any]]
    fired: list[Fired] = field(default_factory=list)
    _data: dict[tuple[Any, ...], list[Datum]] = field(default_factory=lambda: defaultdict(list))

    def take(self, data: Iterable[Datum]) -> None:
        """Take metrics in, in the order of their times."""
        for each in data:
            self._data[each.namespace, each.name, each.dimensions].append(each)

    def take_log(self, log: str, *, at: datetime) -> None:
        """Take in the metrics in what a function has written at this time."""
        for line in log.splitlines():
            data = ministack_alarms.embedded(line)
            self.take(replace(each, at_s=at.timestamp()) for each in data)

    def judge(self, minute: datetime) -> None:
        """Judge each alarm at the end of this minute, as CloudWatch does."""
        now = minute + END_OF_MINUTE
        for name, alarm in self.deployed.items():
            data = list(self._read_by(alarm, now_s=now.timestamp()))
            is_on = ministack_alarms.state(alarm, data, now_s=now.timestamp()) == ALARM
            if is_on != (name in self.on):
                self._turn(name, now, is_on=is_on)

    def values(self, name: str) -> list[float]:
        """All values of a metric of ours, whoever wrote them."""
        every = (data for key, data in self._data.items() if key[1] == name)
        return [each.value for data in every for each in data]

    @property
    def on(self) -> set[str]:
        """The alarms that are on."""
        return {each.alarm for each in self.fired if each.ended_at is None}

    def _turn(self, name: str, now: datetime, *, is_on: bool) -> None:
        if is_on:
            self.fired.append(Fired(alarm=name, at=now, ended_at=None))
            return
        self.fired = [
            replace(each, ended_at=now) if each.alarm == name and each.ended_at is None else each
            for each in self.fired
        ]

    def _read_by(self, alarm: Mapping[str, Any], *, now_s: float) -> Iterator[Datum]:
        """What an alarm reads, without what is too old to count."""
        periods = int(alarm["EvaluationPeriods"])
        for query in ministack_alarms.queries(alarm):
            key = (query.namespace, query.name, query.dimensions)
            for each in reversed(self._data.get(key, [])):
                if each.at_s <= now_s - periods * query.period_s:
                    break
                yield each
