"""Writes docs/explanation/game-day.md of a run in which every scene has ended well."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from infra.local.place import ROOT
from tests.game_day import reports
from tests.game_day.reports import Heard, Report
from tests.game_day.scenes import SCENES, Scene

PAGE: Final = ROOT / "docs" / "explanation" / "game-day.md"
BEGINNING: Final = (
    "# A game day\n"
    "\n"
    "`make game-day` deploys the template by `sam` to a local cloud, lets things go wrong, one"
    " after the other, and writes this page. A scene fails, and no page is written, when an event"
    " that was accepted has not ended (delivered, run, loaded, dead or skipped with a reason on"
    " record), when something came under another id, when another alarm fires than is said here,"
    " or when one stays on. The alarms are those that are deployed, judged each minute by the"
    " metrics that the functions wrote. Everything listens on loopback only. The whole takes"
    " less than twenty minutes on two quiet cores, and gives up after forty. Minutes are those of"
    " the scenes; seconds are those of the machine that played them.\n\n"
    "| scene | events | how they ended | lost | alarm |\n"
    "|---|---|---|---|---|\n"
)
ALARMS: Final = (
    "\n"
    "## Which alarm is for what\n"
    "\n"
    "How soon each fires at the latest, [the runbooks](../runbooks/README.md) say. Those that no"
    " scene makes fire, other tests do: `tests/infra/test_alarms.py` by what the functions write,"
    " and `tests/infra/test_alarm_delays.py` by the minute.\n"
    "\n"
    "| alarm | fires in |\n"
    "|---|---|\n"
)
# Why no scene makes an alarm fire.
ELSEWHERE: Final[Mapping[str, str]] = {
    "ApiFailing": "none: in no scene does the API answer with 5xx, also while it is flooded",
    "ServiceLevel": "none: it is one call for any of four others, and only with `SloAlarm`",
    "FirstAttemptSlow": "none: a short outage makes late first attempts in one period"
    " of five minutes only, behind it",
    "QueueLate": "none: the local SQS says how old messages are by the time of the machine",
    "RowsLost": "none: in no scene does a load pass a row by",
    "ProfileStreamOld": "none: the local cloud does not measure how old a stream's records are",
    "OutcomeStreamOld": "none: the local cloud does not measure how old a stream's records are",
}


def is_whole(measured: Sequence[Report]) -> bool:
    """Whether every scene is among them."""
    return {each.scene for each in measured} == set(SCENES)


def write() -> None:
    """Write the page of the reports that are kept."""
    PAGE.write_text(render(reports.load()), encoding="utf-8")


def render(measured: Sequence[Report]) -> str:
    """The page, with its scenes in their order."""
    known = {each.scene: each for each in measured}
    return "".join(_parts([known[scene] for scene in SCENES]))


def _parts(measured: Sequence[Report]) -> Iterator[str]:
    yield BEGINNING
    yield from map(_row, measured)
    for report in measured:
        yield f"\n## {report.scene.title}\n\n"
        yield f"**What is done.** {report.scene.done}\n\n"
        yield f"**Which alarm.** {_alarms(report)}\n\n"
        yield f"**What people notice.** {report.noticed}\n\n"
        yield f"**Recovery.** {_sentence(report.recovery)}\n\n"
        yield f"**What is real.** {_sentence(report.scene.real)}\n\n"
        yield f"**What is moved.** {_sentence(report.scene.moved)}\n"
    yield ALARMS
    yield from (f"| `{alarm}` | {where} |\n" for alarm, where in _places().items())


def _row(report: Report) -> str:
    ended = ", ".join(f"{count:,} {how}" for how, count in sorted(report.ended.items()))
    alarms = ", ".join(_short(each) for each in report.heard) or "none"
    lost = report.accepted - sum(report.ended.values())
    return f"| {_link(report.scene)} | {report.accepted:,} | {ended} | {lost} | {alarms} |\n"


def _alarms(report: Report) -> str:
    if not report.heard:
        return f"None. {_sentence(report.scene.silence)}"
    every = (
        f"`{each.alarm}` fires within {reports.minutes(each.after_min)} of the beginning, and is"
        f" over within {reports.minutes(each.over_min)} of the end."
        for each in report.heard
    )
    return " ".join(every)


def _places() -> dict[str, str]:
    """Where each alarm fires, or why nowhere."""
    fires = {
        alarm: ", ".join(_link(scene) for scene in SCENES if alarm in scene.alarms)
        for scene in SCENES
        for alarm in scene.alarms
    }
    return dict(sorted({**ELSEWHERE, **fires}.items()))


def _link(scene: Scene) -> str:
    return f"[{scene.title}](#{scene.title.lower().replace(' ', '-')})"


def _short(heard: Heard) -> str:
    return f"`{heard.alarm}` after {heard.after_min} min"


def _sentence(text: str) -> str:
    """The text with a capital at its beginning and a stop at its end."""
    return f"{text[0].upper()}{text[1:].removesuffix('.')}."


if __name__ == "__main__":
    write()
