"""Versions change while events are in flight, on the real template."""

import pytest

from bench.releases import Releases
from cli.client import Client
from infra.local.state import LocalCloud

pytestmark = pytest.mark.e2e


def test_each_run_names_a_version_that_was_live_or_on_trial(
    api: Client, local_cloud: LocalCloud
) -> None:
    """None is lost either, while a version is tried, published and rolled back four times.

    `make bench` does the same with 1,000 events and ten times, and measures a canary's share.
    """
    releases = Releases(api, tenant=local_cloud.tenant, name="released-under-test")

    played = releases.play(events=240, cycles=4)

    assert played.lost() == []
    assert played.astray() == []
    assert len({run["version"] for run in played.runs.values()}) > 1


def test_the_first_event_after_a_publish_runs_on_its_version(
    api: Client, local_cloud: LocalCloud
) -> None:
    """A change is live everywhere within five seconds; a publish is at once."""
    releases = Releases(api, tenant=local_cloud.tenant, name="published-under-test")

    for number in range(3):
        releases.publish_and_send(f"published-{number}")
