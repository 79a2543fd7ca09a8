"""The page of the game day names every scene and every alarm; `make game-day` writes it."""

import re
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from infra.local.place import ROOT
from infra.scan import template
from tests.game_day import reports
from tests.game_day.page import ELSEWHERE, PAGE, is_whole, render
from tests.game_day.reports import Heard, Report
from tests.game_day.scenes import SCENES, Scene

ALARMS: Final = {
    each.name
    for each in template.resources("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
}


@pytest.fixture(scope="module")
def page() -> str:
    """The page as it was written."""
    return PAGE.read_text(encoding="utf-8")


def test_each_alarm_of_the_template_fires_in_a_scene_or_says_why_in_none() -> None:
    """One or the other."""
    fires = {alarm for scene in SCENES for alarm in scene.alarms}

    assert fires | ELSEWHERE.keys() == ALARMS
    assert fires & ELSEWHERE.keys() == set()


def test_the_page_is_what_the_last_whole_game_day_has_measured(page: str) -> None:
    """`python -m tests.game_day.page` writes it from the kept reports; no hand changes it."""
    assert page == render(reports.load())


def test_in_the_last_whole_game_day_nothing_was_lost_and_the_right_alarms_fired() -> None:
    """In every scene."""
    measured = [reports.balanced(each) for each in reports.load()]

    assert is_whole(measured)


def test_reports_are_kept_as_they_were_measured(tmp_path: Path) -> None:
    """Also what was counted by a `Counter`."""
    heard = Heard(alarm="Throttled", after_min=5, over_min=1)
    one = Report(
        scene=SCENES[0],
        accepted=2,
        ended=Counter(delivered=2),
        heard=(heard,),
        noticed="Nothing.",
        recovery="none",
    )
    reports.save([one], tmp_path / "reports.json")

    assert reports.load(tmp_path / "reports.json") == [one]


def test_the_page_has_a_row_for_each_alarm(page: str) -> None:
    """With the scene, or the reason."""
    rows = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)

    assert sorted(rows) == sorted(ALARMS)
    assert all(why in page for why in ELSEWHERE.values())


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_the_page_tells_each_scene_as_it_is_played(page: str, scene: Scene) -> None:
    """What is done, what of it is real and what is moved."""
    beginning = page.index(f"## {scene.title}\n")
    text = page[beginning:].split("\n## ", maxsplit=1)[0].casefold()

    assert all(part.casefold() in text for part in (scene.done, scene.real, scene.moved))
    assert all(f"`{alarm.casefold()}` fires" in text for alarm in scene.alarms)
    assert scene.silence.casefold() in text


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_scene_has_a_test_and_either_an_alarm_or_the_reason_for_none(scene: Scene) -> None:
    """Silence has to be meant."""
    test = ROOT / "tests" / "game_day" / f"test_{scene.name}.py"

    assert "@pytest.mark.game_day" in test.read_text(encoding="utf-8")
    assert bool(scene.alarms) != bool(scene.silence)
