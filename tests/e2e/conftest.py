"""A local cloud for the end-to-end tests, apart from the developer's own."""

from collections.abc import Iterator

import pytest

from infra.local import cloud
from infra.local.cloud import LocalCloud, Options
from infra.local.place import ROOT, Place

PRIVATE = Place(ROOT / ".local" / "e2e")


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    """A folder for a cloud; whatever comes up in it is down again at the end."""
    try:
        yield PRIVATE
    finally:
        cloud.down(PRIVATE)


@pytest.fixture(scope="session")
def local_cloud(place: Place) -> LocalCloud:
    """The template, deployed; webhooks and functions may reach loopback."""
    cloud.down(place)  # of a session that was killed
    return cloud.up(Options(allow_local_http=True), place=place, say=_quiet)


def _quiet(_line: str) -> None:
    """Pytest shows the logs of a cloud that does not come up, in the error."""
