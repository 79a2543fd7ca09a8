"""A scene of all schedules: each calls its function, with the role that it has for that."""

from collections.abc import Iterator
from typing import Any, Final

from infra.demo.patience import Patience
from infra.demo.stage import Stage
from infra.removal.scenes import parts
from infra.removal.trials import Scene

PAST: Final = "at(2026-01-01T00:00:00)"  # so it comes at once, and once
SAME: Final = ("FlexibleTimeWindow", "Target")  # the target has the role


def _come(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    """Of each schedule comes a copy, at once: the schedules themselves are off."""
    scheduler = stage.client("scheduler")
    pages = scheduler.get_paginator("list_schedules").paginate()
    names = [each["Name"] for page in pages for each in page["Schedules"]]
    expected = set()
    try:
        for name in names:
            schedule = scheduler.get_schedule(Name=name)
            copy = scheduler.create_schedule(
                Name=_copy(stage, name),
                ScheduleExpression=PAST,
                **{each: schedule[each] for each in SAME},
            )
            expected.add((copy["ScheduleArn"], schedule["Target"]["Arn"]))
        yield from parts.wait(
            patience,
            "not every schedule called its function",
            lambda: expected <= stage.usage.noted("reached"),
        )
    finally:
        for name in names:
            scheduler.delete_schedule(Name=_copy(stage, name))


def _copy(stage: Stage, name: str) -> str:
    return f"{name}-{stage.tenant}"


SCENES: Final = (Scene(name="schedules", says="every schedule calls its function", act=_come),)
