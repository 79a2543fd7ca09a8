"""`penstock apply` against the real API: the file decides, the plan says what, secrets stay out."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from cli._connection import Connection
from cli._errors import CommandFailed
from cli.client import Client
from cli.project import carry_out, compare
from cli.project.project import load_project
from tests.api_server import Served
from tests.unit.cli.conftest import Command, Ran

WEBHOOK = """
[webhooks.orders]
url = "https://shop.example.com/hooks"
topics = ["metric.placed_order"]
"""
NOW = "2026-11-20T13:00:00.000Z"
SYNC = """
[syncs.lake]
kind = "s3"
"""


def applied(penstock: Command, text: str, *options: str, **environment: str) -> Ran:
    """How `penstock apply --json` ends with this file."""
    penstock.write("penstock.toml", text)
    return penstock("apply", *options, "--json", **environment)


def webhooks(penstock: Command) -> dict[str, Mapping[str, Any]]:
    """The tenant's webhooks by name."""
    return {row["name"]: row for row in penstock.api.get("/v1/webhooks").json["data"]}


def actions(ran: Ran) -> list[tuple[str, str]]:
    """What the plan does, and about what."""
    return [(step["action"], step["name"]) for step in ran.json["plan"]]


def test_what_the_file_declares_is_created_and_then_the_same(penstock: Command) -> None:
    """Applied twice, a file changes nothing the second time; only the first shows the secret."""
    first = applied(penstock, WEBHOOK + SYNC, "--yes")
    again = applied(penstock, WEBHOOK + SYNC)

    assert 0 == first.code, first.err
    assert [("create", "orders"), ("create", "lake")] == actions(first)
    [orders, lake] = first.json["applied"]
    assert orders["secret"].startswith("whsec_")
    assert (orders["id"], "secret" in lake) == (webhooks(penstock)["orders"]["id"], False)
    assert [("same", "orders"), ("same", "lake")] == actions(again)
    assert (0, []) == (again.code, again.json["applied"]), "nothing to do needs no --yes"
    assert "whsec_" not in again.out


def test_a_change_is_shown_field_by_field_and_sent(penstock: Command) -> None:
    """Also a setting that was taken out of the file: it goes back to its default."""
    applied(penstock, f"{WEBHOOK}timeout_s = 5\nmax_concurrency = 3\n", "--yes")

    penstock.write("penstock.toml", f"{WEBHOOK}timeout_s = 20\n")
    ran = penstock("apply", "--yes")

    assert 0 == ran.code, ran.err
    shown = webhooks(penstock)["orders"]
    assert (20, None) == (shown["timeout_s"], shown["max_concurrency"])
    assert f"~ webhook orders ({shown['id']})" in ran.out
    assert "    timeout_s: 5 → 20\n    max_concurrency: 3 → -\n" in ran.out
    assert "0 to create, 1 to change, 0 the same" in ran.out


def test_topics_by_other_names_or_in_another_order_are_the_same(penstock: Command) -> None:
    """A plan that never comes to rest is not read any more."""
    both = WEBHOOK.replace('["metric', '["event:klaviyo.clicked_email", "metric')
    applied(penstock, both, "--yes")

    other = WEBHOOK.replace(
        '["metric.placed_order"]', '["metric.placed_order", "message.email.clicked"]'
    )
    assert [("same", "orders")] == actions(applied(penstock, other))


def test_a_plan_changes_nothing_and_a_check_says_by_its_exit_code_that_something_differs(
    penstock: Command,
) -> None:
    """CI asks whether the tenant is as the file says."""
    assert 0 == applied(penstock, WEBHOOK, "--plan").code
    assert 0 == applied(penstock, WEBHOOK, "--dry-run").code
    differs = applied(penstock, WEBHOOK, "--check")
    assert {} == webhooks(penstock)
    applied(penstock, WEBHOOK, "--yes")

    assert (3, [("create", "orders")]) == (differs.code, actions(differs))
    assert 0 == applied(penstock, WEBHOOK, "--check").code


def test_nothing_is_changed_where_nobody_can_be_asked(penstock: Command) -> None:
    """A script has to say --yes."""
    penstock.write("penstock.toml", WEBHOOK)

    ran = penstock("apply")

    assert 2 == ran.code
    assert "+ webhook orders" in ran.out, "the plan is shown all the same"
    assert "there is no terminal to ask on; --yes changes without asking" in ran.err
    assert "not_confirmed" == penstock("apply", "--json").json["error"]["code"]
    assert {} == webhooks(penstock)


@pytest.mark.parametrize(("answer", "names"), [("n", set()), ("", set()), ("y", {"orders"})])
def test_on_a_terminal_it_asks_and_takes_only_yes_for_yes(
    penstock: Command, answer: str, names: set[str]
) -> None:
    """A line that is empty by accident changes nothing."""
    penstock.write("penstock.toml", WEBHOOK)
    ran = penstock.on_a_terminal("apply", answer=f"{answer}\n")

    assert "Make these changes?" in ran.err
    assert (0 if names else 1, names) == (ran.code, set(webhooks(penstock)))


def test_what_the_file_does_not_name_is_listed_and_left_alone(penstock: Command) -> None:
    """Somebody made it by hand, perhaps for good reason."""
    applied(penstock, WEBHOOK + SYNC, "--yes")

    ran = applied(penstock, WEBHOOK.replace("orders", "audit"), "--yes")

    names = {(other["kind"], other["name"]) for other in ran.json["not_in_file"]}
    assert {("webhook", "orders"), ("sync", "lake")} == names
    assert {"orders", "audit"} == set(webhooks(penstock))
    assert "left alone: webhook orders (whk_" in penstock("apply").out


def test_two_of_a_name_are_an_error_that_names_both(penstock: Command) -> None:
    """To change either would be a guess."""
    new = {"name": "orders", "url": "https://a.example.com/", "topics": ["metric.x"]}
    ids = [penstock.api.post("/v1/webhooks", new).json["id"] for _ in range(2)]

    ran = applied(penstock, WEBHOOK, "--yes")

    error = ran.json["error"]
    assert (1, "ambiguous_name") == (ran.code, error["code"])
    assert all(each in error["message"] for each in ids)


def test_secrets_come_from_the_environment_and_are_in_no_output(penstock: Command) -> None:
    """The file is in a repository, and a plan is in a log of CI."""
    text = f"""{WEBHOOK}
secret = {{ env = "OWN" }}
headers = {{ X-Team = {{ env = "TEAM" }} }}
auth = {{ kind = "basic", username = "shop", password = {{ env = "PASSWORD" }} }}
"""
    own = "whsec_" + "c2VjcmV0" * 5

    missing = applied(penstock, text, "--yes", TEAM="blue-blue")
    created = applied(penstock, text, "--yes", OWN=own, TEAM="blue-blue", PASSWORD="hunter2")

    assert (2, "no_secret") == (missing.code, missing.json["error"]["code"])
    assert "takes OWN, PASSWORD from the environment" in missing.json["error"]["message"]
    assert 0 == created.code, created.err
    assert None is created.json["applied"][0]["secret"], "it is the caller's own"
    shown = webhooks(penstock)["orders"]
    assert (["X-Team"], "basic") == (shown["header_names"], shown["auth_kind"])
    for secret in (own, "blue-blue", "hunter2"):
        assert secret not in created.out + created.err


def test_sealed_values_are_sent_when_asked_for_or_when_what_is_shown_of_them_differs(
    penstock: Command,
) -> None:
    """Nobody can read them back, so nobody can say that they are the same."""
    token = f'{WEBHOOK}auth = {{ kind = "bearer", token = {{ env = "TOKEN" }} }}\n'
    applied(penstock, token, "--yes", TOKEN="one")

    unsaid = applied(penstock, token)
    asked = applied(penstock, token, "--send-secrets", "--yes", TOKEN="two")
    gone = applied(penstock, WEBHOOK, "--yes")

    assert [("same", "orders")] == actions(unsaid), "and the variable need not be set"
    assert [{"field": "auth", "before": "bearer", "after": "(sent again)"}] == asked.json["plan"][
        0
    ]["changes"]
    assert 1 == len(asked.json["applied"])
    assert [{"field": "auth", "before": "bearer", "after": None}] == gone.json["plan"][0]["changes"]
    assert None is webhooks(penstock)["orders"]["auth_kind"]


def test_the_schedule_of_a_sync_is_what_the_file_says_if_it_says_one(penstock: Command) -> None:
    """A sync that somebody made nightly must not be hourly again because of a file's silence."""
    applied(penstock, f'{SYNC}schedule = "every 15 minutes"\n', "--yes")
    [born] = penstock.api.get("/v1/syncs").json["data"]
    changed = applied(
        penstock,
        f'{SYNC}schedule = "daily at 03:30 Europe/Berlin"\nenabled = false\n',
        "--yes",
    )
    silent = applied(penstock, SYNC)
    wrong = applied(penstock, f'{SYNC}schedule = "hourly"\n')

    assert "every 15 minutes" == born["schedule"]
    assert ["schedule", "enabled"] == [each["field"] for each in changed.json["plan"][0]["changes"]]
    [sync] = penstock.api.get("/v1/syncs").json["data"]
    assert ("daily at 03:30 Europe/Berlin", False) == (sync["schedule"], sync["enabled"])
    assert [("same", "lake")] == actions(silent)
    assert (2, "bad_settings") == (wrong.code, wrong.json["error"]["code"])


def test_who_switched_a_webhook_or_a_sync_off_is_obeyed_unless_the_file_says_otherwise(
    penstock: Command,
) -> None:
    """A receiver that answered 410 must not be called again because somebody applied a file."""
    applied(penstock, WEBHOOK + SYNC, "--yes")
    penstock.api.post(f"/v1/webhooks/{webhooks(penstock)['orders']['id']}/disable")
    [sync] = penstock.api.get("/v1/syncs").json["data"]
    penstock.api.post(f"/v1/syncs/{sync['id']}/pause")

    silent = applied(penstock, WEBHOOK + SYNC)
    spoken = applied(penstock, f"{WEBHOOK}enabled = true\n{SYNC}enabled = true\n", "--yes")

    assert [("same", "orders"), ("same", "lake")] == actions(silent)
    assert [("change", "orders"), ("change", "lake")] == actions(spoken)
    assert webhooks(penstock)["orders"]["enabled"]
    assert penstock.api.get("/v1/syncs").json["data"][0]["enabled"]


def test_a_new_sync_can_be_paused_from_the_start(penstock: Command) -> None:
    """Its tables may not be ready yet."""
    applied(penstock, f"{SYNC}enabled = false\n", "--yes")

    assert not penstock.api.get("/v1/syncs").json["data"][0]["enabled"]


def test_a_transform_must_be_live(penstock: Command) -> None:
    """The error names the command that makes it so, and nothing is changed before."""
    text = f'{WEBHOOK}transform = "vip"\n'

    missing = applied(penstock, text, "--yes")
    penstock.write("vip.py", "def handler(event):\n    return event\n")
    penstock("functions", "push", "vip.py")
    unpublished = applied(penstock, text, "--yes")
    penstock("functions", "publish", "vip")

    assert "unknown_function" == missing.json["error"]["code"]
    assert "`penstock functions push vip.py --publish`" in missing.json["error"]["message"]
    assert "`penstock functions publish vip`" in unpublished.json["error"]["message"]
    assert {} == webhooks(penstock)
    assert 0 == applied(penstock, text, "--yes").code
    assert "vip" == webhooks(penstock)["orders"]["transform"]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (WEBHOOK, f'{WEBHOOK}format = "klaviyo"\n', "has the format standard"),
        (WEBHOOK, f"{WEBHOOK}ed25519 = true\n", "rotate-secret"),
        (SYNC, SYNC.replace("s3", "redshift"), "loads into s3"),
    ],
)
def test_what_cannot_be_changed_is_said_before_anything_is_done(
    before: str, after: str, says: str, penstock: Command
) -> None:
    """A half of a plan that cannot succeed helps nobody."""
    applied(penstock, before, "--yes")

    ran = applied(penstock, after, "--yes")

    assert (1, "cannot_change") == (ran.code, ran.json["error"]["code"])
    assert says in ran.json["error"]["message"]


def test_a_refusal_in_the_middle_says_what_is_done_and_the_next_run_goes_on(
    penstock: Command,
) -> None:
    """The secret of what was created before is not lost."""
    bad = WEBHOOK.replace("orders", "zero").replace("https://shop.example.com/hooks", "ftp://x")

    ran = applied(penstock, WEBHOOK + bad, "--yes")
    fixed = applied(penstock, WEBHOOK + bad.replace("ftp://x", "https://b.example.com/"), "--yes")

    error = ran.json["error"]
    assert (1, "url") == (ran.code, error["field"])
    assert "webhook 'zero' is not created" in error["message"]
    assert "Done before: webhook orders" in error["message"]
    assert error["applied"][0]["secret"].startswith("whsec_")
    assert "whsec_" not in ran.err
    assert [("same", "orders"), ("create", "zero")] == actions(fixed)
    assert 0 == fixed.code


def test_what_somebody_changed_since_the_plan_is_not_overwritten(
    penstock: Command, served: Served
) -> None:
    """Two people apply at the same moment, or one of them in the console."""
    applied(penstock, WEBHOOK, "--yes")
    penstock.write("penstock.toml", f"{WEBHOOK}timeout_s = 20\n")
    assert penstock.api.key is not None
    api = Client(Connection(url=served.url, key=penstock.api.key, origin="a test"))
    project = load_project(penstock.folder / "penstock.toml")
    steps = compare.compare(project, api, now=NOW).to_do
    orders = f"/v1/webhooks/{webhooks(penstock)['orders']['id']}"
    penstock.api.call("PATCH", orders, {"max_concurrency": 7})

    with pytest.raises(CommandFailed, match="changed by somebody since it was compared") as stale:
        carry_out.carry_out(steps, carry_out.open_secrets(steps, {}), api, tell=print)

    assert "precondition_failed" == stale.value.code
    assert 7 == webhooks(penstock)["orders"]["max_concurrency"]
    assert 10 == webhooks(penstock)["orders"]["timeout_s"]


def test_a_folder_is_named_and_a_file_that_is_missing_is_said(penstock: Command) -> None:
    """CI does not change folders."""
    penstock.write("shop/penstock.toml", WEBHOOK)

    assert 0 == penstock("apply", "shop", "--yes").code
    assert (2, "unreadable") == (
        (ran := penstock("apply", "--json")).code,
        json.loads(ran.out)["error"]["code"],
    )


def test_what_a_sync_takes_is_declared_and_only_ever_grows(penstock: Command) -> None:
    """The file decides; a column that is taken away is refused as by the API."""
    taken = '\n[syncs.lake.selection]\nexclude_topics = ["metric.noise"]\n'
    column = (
        '[[syncs.lake.selection.columns]]\ntable = "events"\nname = "amount"\n'
        'type = "number"\npath = "value"\n'
    )
    first = applied(penstock, SYNC + taken, "--yes")
    second = applied(penstock, SYNC + taken + column, "--yes")
    again = applied(penstock, SYNC + taken + column)
    shrunk = applied(penstock, SYNC + taken, "--yes")

    assert (0, 0) == (first.code, second.code), second.err
    [sync] = penstock.api.get("/v1/syncs").json["data"]
    assert sync["selection"] == {
        "tables": [],
        "include_topics": [],
        "exclude_topics": ["metric.noise"],
        "columns": [{"table": "events", "name": "amount", "type": "number", "path": "value"}],
    }
    assert [("same", "lake")] == actions(again)
    assert (1, "column_changed") == (shrunk.code, shrunk.json["error"]["code"])
