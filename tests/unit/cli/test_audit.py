"""`penstock audit`: who changed what, in a terminal."""

import pytest

from tests.unit.cli.conftest import Command

HOOK = {"name": "orders", "url": "https://hooks.example.com/in", "topics": ["metric.x"]}


def test_a_change_is_listed_with_who_made_it_and_shown_with_what_differs(penstock: Command) -> None:
    """The one question, answered in two commands."""
    hook = penstock.api.post("/v1/webhooks", HOOK).json["id"]
    penstock("webhooks", "update", hook, "--timeout-s", "5")
    penstock("webhooks", "update", "whk_none", "--timeout-s", "5")

    listed = penstock("audit", "list", "--action", "webhook.*").out.splitlines()
    assert ["webhook.updated", "whk_none", "refused", "webhook_not_found"] == listed[1].split()[2:6]
    assert ["test", "webhook.updated", hook, "done", "-", "timeout_s"] == listed[2].split()[1:7]
    assert 4 == len(listed)

    entry = penstock("audit", "list", "--resource", hook, "--limit", "1", "--json").json["data"][0]
    shown = penstock("audit", "show", entry["id"]).out.splitlines()
    assert {"-timeout_s: 10", "+timeout_s: 5"} <= set(shown)
    assert not [line for line in shown if line.startswith(("-name", "+name"))]


def test_a_creation_shows_all_that_is_new_and_a_refusal_only_why(penstock: Command) -> None:
    """A diff of nothing against something; and none where nothing has changed."""
    penstock.api.post("/v1/webhooks", HOOK)
    penstock("webhooks", "delete", "whk_none")
    refused, created = penstock("audit", "list", "--json").json["data"]

    assert '+name: "orders"' in penstock("audit", "show", created["id"]).out.splitlines()
    shown = penstock("audit", "show", refused["id"]).out
    assert "webhook_not_found" in shown
    assert "---" not in shown


def test_json_is_what_the_api_answers(penstock: Command) -> None:
    """A script reads the same as a program that calls the API."""
    penstock.api.post("/v1/webhooks", HOOK)
    [entry] = penstock.api.get("/v1/audit").json["data"]

    assert penstock.api.get(f"/v1/audit/{entry['id']}").json == (
        penstock("audit", "show", entry["id"], "--json").json
    )
    assert [] == penstock("audit", "list", "--until", "1h", "--json").json["data"]
    assert [entry] == penstock("audit", "list", "--since", "1h", "--json").json["data"]


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("list", "--action", "webhook.painted"), 1, "unknown_action"),
        (("list", "--since", "soon"), 2, "usage"),
        (("show", "aud_none"), 1, "audit_entry_not_found"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    penstock: Command, arguments: tuple[str, ...], code: int, error: str
) -> None:
    """An empty answer would be read as: nobody has done anything."""
    ran = penstock("audit", *arguments, "--json")

    assert (code, error) == (ran.code, ran.json["error"]["code"])


def test_tail_shows_changes_from_its_start_on(penstock: Command) -> None:
    """What was before is for `list`."""
    penstock.api.post("/v1/webhooks", HOOK)

    ran = penstock("audit", "tail", "--for-s", "0", "--json")

    assert (0, {"data": []}) == (ran.code, ran.json)
