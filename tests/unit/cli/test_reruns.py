"""`penstock runs retry`, `functions replay` and `functions replays`."""

import pytest

from runtime.core.functions.run import Outcome
from tests.builders import a_function, a_run, a_version, an_event
from tests.unit.cli.conftest import Command


@pytest.fixture
def run_id(penstock: Command) -> str:
    """The id of a failed run whose event is kept."""
    api = penstock.api
    functions = api.application.functions.store
    function = a_function(tenant=api.tenant, latest_version=0)
    functions.add(function)
    functions.add_version(function, a_version(tenant=api.tenant))
    api.cloud.events.put([an_event(tenant=api.tenant)])
    run = a_run(id=f"run_{api.tenant}", tenant=api.tenant, outcome=Outcome.RAISED)
    api.cloud.runs.commit(run)
    return run.id


def test_a_run_is_run_again_by_its_id(penstock: Command, run_id: str) -> None:
    """The answer says where to look; a second wish is refused with the reason."""
    first = penstock("runs", "retry", run_id)
    second = penstock("runs", "retry", run_id, "--version", "same", "--json")

    assert (0, True) == (first.code, f"`penstock runs show {run_id}`" in first.out)
    assert (1, "run_pending") == (second.code, second.json["error"]["code"])


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("--version", "newest"), 2, "bad_version"),
        (("--version", "0"), 2, "bad_version"),
        (("--version", "9"), 1, "version_not_found"),
    ],
)
def test_a_version_that_there_is_none_of_is_refused(
    penstock: Command, run_id: str, arguments: tuple[str, ...], code: int, error: str
) -> None:
    """Before anything runs."""
    ran = penstock("runs", "retry", run_id, *arguments, "--json")

    assert (code, error) == (ran.code, ran.json["error"]["code"])


@pytest.mark.usefixtures("run_id")
def test_a_replay_is_started_listed_and_stopped(penstock: Command) -> None:
    """With its filters; `failed` is every failure."""
    job = penstock(
        *("functions", "replay", "vip-orders", "--since", "24h", "--outcome", "failed"),
        *("--topic", "metric.x", "--version", "same", "--json"),
    ).json
    listed = penstock("functions", "replays", "vip-orders", "--json").json["data"]
    stopped = penstock("functions", "replays", "vip-orders", "--cancel", job["id"], "--json").json

    assert ("running", "metric.x", "same") == (job["state"], job["topic"], job["version"])
    assert [job] == listed
    assert "cancelled" == stopped["state"]


@pytest.mark.usefixtures("run_id")
def test_outcomes_are_named_alone_or_all_at_once(penstock: Command) -> None:
    """`failed` beside another would hide that the other is in it."""
    some = penstock(
        *("functions", "replay", "vip-orders", "--json"),
        *("--outcome", "raised", "--outcome", "timed_out"),
    )
    both = penstock(
        *("functions", "replay", "vip-orders", "--json"),
        *("--outcome", "raised", "--outcome", "failed"),
    )

    assert ["raised", "timed_out"] == some.json["outcomes"]
    assert (2, "bad_outcomes") == (both.code, both.json["error"]["code"])


@pytest.mark.usefixtures("run_id")
@pytest.mark.parametrize("of", ["functions", "webhooks"])
def test_a_replay_to_be_stopped_is_named_by_its_id_alone(penstock: Command, of: str) -> None:
    """What stands in a script's variable must not lead the call to another operation."""
    name = "vip-orders"
    if of == "webhooks":
        options = ("--name", "orders", "--url", "https://example.com/x", "--topic", "metric.x")
        name = penstock("webhooks", "create", *options, "--json").json["id"]
    penstock(of, "disable", name)

    stopped = penstock(of, "replays", name, "--cancel", "../enable?", "--json")
    unnamed = penstock(of, "replays", name, "--cancel", "", "--json")

    assert (1, "replay_not_found") == (stopped.code, stopped.json["error"]["code"])
    assert (2, "empty_name") == (unnamed.code, unnamed.json["error"]["code"])
    assert not penstock(of, "show", name, "--json").json["enabled"]
