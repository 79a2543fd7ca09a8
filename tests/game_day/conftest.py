"""The installation of the game day, and its page: written when every scene has ended well."""

from collections.abc import Callable, Iterator

import pytest

from infra.demo.patience import Patience
from infra.demo.progress import Progress
from infra.local import cloud
from infra.local.cloud import Options
from infra.local.place import ROOT, Place
from infra.removal import ground
from tests.game_day import page, reports
from tests.game_day.installation import Installation
from tests.game_day.reports import Report

PLACE = Place(ROOT / ".local" / "game-day")
AT_MOST_S = 40 * 60  # it takes less than half of that on two quiet cores
PARAMETERS = {"QueueDelayMaxSeconds": "0", "ApiCallsPerSecond": "10"}
DONE: pytest.StashKey[list[Report]] = pytest.StashKey()


@pytest.fixture(scope="session")
def progress() -> Progress:
    """Says what goes on; `make game-day` lets it through."""
    return Progress()


@pytest.fixture(scope="session")
def installation(progress: Progress) -> Iterator[Installation]:
    """A new local cloud, whose schedules are off."""
    cloud.down(PLACE)  # of a run that was killed
    options = Options(allow_local_http=True, parameters=PARAMETERS)
    try:
        cloud.up(options, place=PLACE, say=progress.step)
        played_on = Installation(
            place=PLACE,
            ground=ground.ground_of(PLACE),
            progress=progress,
            patience=Patience(AT_MOST_S),
        )
        try:
            yield played_on
        finally:
            played_on.close()
    finally:
        cloud.down(PLACE)


@pytest.fixture
def report(request: pytest.FixtureRequest, progress: Progress) -> Callable[[Report], None]:
    """Take in what a scene has measured, if nothing is missing."""

    def take(measured: Report) -> None:
        done = request.config.stash.setdefault(DONE, [])
        done.append(reports.balanced(measured))
        ends = ", ".join(f"{count:,} {how}" for how, count in measured.ended.items())
        names = ", ".join(f"{each.alarm} after {each.after_min} min" for each in measured.heard)
        progress.step(f"{measured.scene.title}: {ends}; {names or 'no alarm'}; {measured.recovery}")

    return take


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Play last the scene whose clock goes furthest: no clock goes back by hours behind it."""
    items.sort(key=lambda item: item.path.name == "test_outage.py")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the page of a run in which every scene was played to its end."""
    done = session.config.stash.get(DONE, [])
    if exitstatus == pytest.ExitCode.OK and page.is_whole(done):
        reports.save(done)
        page.write()
