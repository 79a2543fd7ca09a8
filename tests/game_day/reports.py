"""What a scene has measured."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from tests.game_day.alarms import Fired
from tests.game_day.scenes import SCENES, Scene

FILE: Final = Path(__file__).with_name("reports.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An alarm that has fired, in minutes of the scene."""

    alarm: str
    after_min: int  # since the trouble began
    over_min: int  # since the trouble ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A scene that has ended well."""

    scene: Scene
    accepted: int  # events, before the scene's end
    # How many things came of them, by how those ended. What one event made counts once.
    ended: Mapping[str, int]
    heard: tuple[Heard, ...]
    noticed: str  # what people notice, as it was measured
    recovery: str  # how long after the end of the trouble all is as before


def minutes(count: int) -> str:
    """So many minutes, in words."""
    return "a minute" if count == 1 else f"{count} minutes"


def heard(fired: Iterable[Fired], *, began: datetime, ended: datetime) -> tuple[Heard, ...]:
    """The alarms in minutes of the trouble; all must be over.

    Raises:
        AssertionError: one is still on.
    """
    every = []
    for each in fired:
        assert each.ended_at is not None, f"{each.alarm} is still on"
        every.append(
            Heard(
                alarm=each.alarm,
                after_min=_minutes(each.at, since=began),
                over_min=_minutes(each.ended_at, since=ended),
            )
        )
    return tuple(every)


def balanced(report: Report) -> Report:
    """The report, if each event that was accepted has ended and the right alarms were heard.

    Raises:
        AssertionError: something is missing, or there is more than came in.
    """
    lost = report.accepted - sum(report.ended.values())
    assert lost == 0, f"{lost} of {report.accepted} have not ended: {dict(report.ended)}"
    names = Counter(each.alarm for each in report.heard)
    assert set(names) == set(report.scene.alarms), names
    return report


def save(reports: Sequence[Report], file: Path = FILE) -> None:
    """Keep what a whole game day has measured."""
    every = [
        {**asdict(replace(each, ended=dict(each.ended))), "scene": each.scene.name}
        for each in reports  # of a Counter, `asdict` would make one of its pairs
    ]
    file.write_text(json.dumps(every, indent=1) + "\n", encoding="utf-8")


def load(file: Path = FILE) -> list[Report]:
    """What the last whole game day has measured."""
    scenes = {each.name: each for each in SCENES}
    return [
        Report(
            **{
                **each,
                "scene": scenes[each["scene"]],
                "heard": tuple(Heard(**alarm) for alarm in each["heard"]),
            }
        )
        for each in json.loads(file.read_text(encoding="utf-8"))
    ]


def _minutes(at: datetime, *, since: datetime) -> int:
    """Minutes that have begun."""
    return -int(-(at - since).total_seconds() // 60)
