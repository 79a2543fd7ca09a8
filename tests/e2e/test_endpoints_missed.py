"""What an endpoint missed and gets when it is back, through the deployed API and command line."""

import itertools
import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from cli.client import Client
from infra.demo.patience import Patience
from infra.local import deploy, emulator
from infra.local.state import LocalCloud
from tests.e2e.conftest import Penstock
from tests.e2e.recorder import Recorder

pytestmark = pytest.mark.e2e

MISSED: Final = 5
DEADLINE_S: Final = 40


@pytest.fixture(scope="module")
def sweep(local_cloud: LocalCloud) -> Callable[[], None]:
    """Run the function that the schedule runs each minute, now."""
    functions = emulator.root().client("lambda", endpoint_url=local_cloud.aws_endpoint)
    name = deploy.function(functions, "SweepFunction")

    def run() -> None:
        answer = functions.invoke(FunctionName=name, Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()

    return run


@pytest.fixture(scope="module")
def missed(api: Client, penstock: Penstock, recorder: Recorder) -> str:
    """A webhook that was off while events came, and is on again; its id."""
    webhook = _make(api, recorder, "missed")
    # A change is live within seconds: it is, once what was sent after it shows it.
    _until(lambda: _sent(api) and bool(recorder.got("missed")))
    penstock("webhooks", "disable", webhook)
    rounds = itertools.count()

    def are_missed() -> bool:
        """Whether all of some events are skipped: by then every worker knows of the change."""
        at = next(rounds)
        events = [
            {"id": f"missed-{at}-{number}", "topic": "metric.missed", "properties": {}}
            for number in range(MISSED)
        ]
        penstock("events", "send", "-", stdin=json.dumps(events))
        names = {event["id"] for event in events}
        _until(lambda: names <= {one["event_id"] for one in _deliveries(api, webhook)})
        return names <= {one["event_id"] for one in _deliveries(api, webhook, status="skipped")}

    _until(are_missed)
    _until(lambda: not _deliveries(api, webhook, status="pending"))
    penstock("webhooks", "enable", webhook)
    return webhook


def test_what_was_missed_is_skipped_on_record_and_replayed_on_request(
    missed: str, api: Client, penstock: Penstock, recorder: Recorder, sweep: Callable[[], None]
) -> None:
    """Nothing comes by itself, and all of it when its owner asks, under the ids of the record.

    What was asked for by mistake and stopped at once sends nothing, though sweep comes by.
    """
    skipped = {one["id"] for one in _deliveries(api, missed, status="skipped")}
    heard = [one.headers["webhook-id"] for one in recorder.got("missed")]
    assert len(skipped) >= MISSED
    assert skipped.isdisjoint(heard)
    copies = _make(api, recorder, "copies")
    mistake = penstock("events", "replay", "--webhook", missed, "--since", "1h", "--to", copies)
    stopped = penstock("webhooks", "replays", missed, "--cancel", mistake["id"])
    assert ("cancelled", 0) == (stopped["state"], stopped["replayed"])

    job = penstock("events", "replay", "--webhook", missed, "--since", "1h")
    assert ("running", 0) == (job["state"], job["replayed"])

    def done() -> bool:
        sweep()
        shown = api.get(f"/v1/webhooks/{missed}/replays/{job['id']}")
        return bool(shown["state"] == "done")

    _until(done)  # a job lets what is under way settle before it begins
    shown = {one["id"]: one for one in penstock("webhooks", "replays", missed)["data"]}
    assert (len(skipped), 0) == (shown[job["id"]]["replayed"], shown[job["id"]]["passed_over"])
    _until(lambda: {one["status"] for one in _deliveries(api, missed)} == {"delivered"})
    got = [one.headers["webhook-id"] for one in recorder.got("missed")]
    assert sorted(skipped) == sorted(got[len(heard) :])
    assert [] == _deliveries(api, copies)


def _sent(api: Client) -> bool:
    event = {"topic": "metric.missed", "properties": {}}
    return bool(api.post("/v1/events", {"events": [event]})["accepted"])


def _make(api: Client, recorder: Recorder, name: str) -> str:
    wanted = {"name": name, "url": recorder.url(name), "topics": [f"metric.{name}"]}
    return str(api.post("/v1/webhooks", wanted)["id"])


def _deliveries(api: Client, webhook: str, **query: str) -> list[Any]:
    return list(api.each("/v1/deliveries", {"webhook": webhook, **query}, limit=100))


def _until(done: Callable[[], bool]) -> None:
    assert Patience(DEADLINE_S).until(done)
