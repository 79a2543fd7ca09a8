"""`penstock functions enable|disable|delete|restore|environment|secrets` against the real API."""

from collections.abc import Mapping
from typing import Final

import pytest

from cli import function_values
from cli._connection import Connection
from cli.client import Client
from tests.unit.cli.conftest import Command

SOURCE: Final = "def handler(event):\n    return event['id']\n"
WEBHOOK: Final = {"name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"]}


@pytest.fixture
def vip(penstock: Command) -> str:
    """A function with an environment and a declared secret."""
    settings = {"environment": {"SHOP": "a"}, "secrets": ["CRM_TOKEN"]}
    penstock.api.post("/v1/functions", {"name": "vip", **settings})
    return "vip"


def test_a_function_is_switched_off_and_on_and_listed_so(penstock: Command, vip: str) -> None:
    """Saying it twice is no mistake, and each answer names the way back."""
    off = [penstock("functions", "disable", vip) for _ in range(2)]
    listed = penstock("functions", "list").out
    on = penstock("functions", "enable", vip, "--json")

    assert [0, 0] == [each.code for each in off]
    assert "`penstock functions enable vip` switches it on again" in off[1].out
    assert "disabled" in listed
    assert (0, True) == (on.code, on.json["enabled"])
    assert "enabled" in penstock("functions", "list").out


def test_a_deletion_says_how_long_it_can_be_taken_back(penstock: Command, vip: str) -> None:
    """A script is not asked; the undo is in the answer."""
    deleted = penstock("functions", "delete", vip)
    purged_at = penstock.api.get("/v1/functions/vip").json["purged_at"]
    listed = penstock("functions", "list").out
    restored = penstock("functions", "restore", vip)

    assert 0 == deleted.code
    assert f"until {purged_at} `penstock functions restore vip` brings it back" in deleted.out
    assert "deleted" in listed
    assert (0, "vip is back, and enabled\n") == (restored.code, restored.out)
    assert penstock.api.get("/v1/functions/vip").json["deleted_at"] is None


@pytest.mark.parametrize(("answer", "code"), [("n\n", 1), ("\n", 1), ("y\n", 0)])
def test_on_a_terminal_a_deletion_asks_first(
    penstock: Command, vip: str, answer: str, code: int
) -> None:
    """A slip of the fingers ends nothing."""
    ran = penstock.on_a_terminal("functions", "delete", vip, "--json", answer=answer)

    assert code == ran.code
    assert "Delete vip?" in ran.err
    assert (code == 0) == (penstock.api.get("/v1/functions/vip").json["deleted_at"] is not None)
    assert "Delete vip?" not in ran.out, "standard output has one JSON document and nothing else"


def test_whoever_says_yes_is_not_asked(penstock: Command, vip: str) -> None:
    """For those who know."""
    ran = penstock.on_a_terminal("functions", "delete", vip, "--yes", answer="")

    assert 0 == ran.code
    assert "Delete vip?" not in ran.err


def test_a_transform_in_use_is_named_with_its_webhooks_and_goes_by_force(
    penstock: Command, vip: str
) -> None:
    """The ids are what one needs next."""
    webhook = penstock.api.post("/v1/webhooks", {**WEBHOOK, "transform": vip}).json["id"]

    refused = penstock("functions", "delete", vip, "--json")
    forced = penstock("functions", "delete", vip, "--force")

    assert (1, "function_in_use") == (refused.code, refused.json["error"]["code"])
    assert [webhook] == refused.json["error"]["webhooks"]
    assert webhook in refused.err
    assert 0 == forced.code


def test_no_command_changes_a_deleted_function_and_each_says_the_way_out(
    penstock: Command, vip: str
) -> None:
    """A push too, which would else seem to have worked."""
    file = penstock.write("vip.py", SOURCE)
    penstock("functions", "delete", vip)

    for arguments in (
        ("push", file),
        ("publish", vip),
        ("disable", vip),
        ("environment", "set", vip, "A=1"),
        ("secrets", "unset", vip, "CRM_TOKEN"),
    ):
        refused = penstock("functions", *arguments, "--json")
        assert (1, "function_deleted") == (refused.code, refused.json["error"]["code"])
        assert "penstock functions restore vip" in refused.err


@pytest.mark.parametrize("verb", ["enable", "disable", "delete", "restore"])
def test_a_function_that_is_not_there_is_said_so(penstock: Command, verb: str) -> None:
    """By every verb alike."""
    refused = penstock("functions", verb, "nobody", "--json")

    assert (1, "function_not_found") == (refused.code, refused.json["error"]["code"])


def test_the_environment_is_shown_set_and_unset(penstock: Command, vip: str) -> None:
    """What is not named stays; a value may hold `=`."""
    shown = penstock("functions", "environment", "show", vip)
    added = penstock("functions", "environment", "set", vip, "URL=https://x/?a=b", "EMPTY=")
    taken = penstock("functions", "environment", "unset", vip, "SHOP", "--json")

    assert "vip's environment, version 1:\nSHOP=a\n" == shown.out
    assert "vip's environment, version 2:\nEMPTY=\nSHOP=a\nURL=https://x/?a=b\n" == added.out
    assert (3, {"URL": "https://x/?a=b", "EMPTY": ""}) == (
        taken.json["version"],
        taken.json["values"],
    )
    emptied = penstock("functions", "environment", "unset", vip, "URL", "EMPTY")
    assert emptied.out.endswith("version 4:\n(none)\n")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (("set", "vip", "SHOP"), 2, "bad_pair"),
        (("set", "vip", "=b"), 2, "bad_pair"),
        (("set", "vip", "A B=1"), 1, "bad_environment_name"),
        (("set", "vip", "A=" + "x" * 5000), 1, "environment_too_large"),
        (("unset", "vip", "SHPO"), 1, "not_in_environment"),
        (("set", "nobody", "A=1"), 1, "function_not_found"),
        (("set", "vip"), 2, "usage"),
    ],
)
def test_a_bad_change_of_the_environment_changes_nothing(
    penstock: Command, vip: str, arguments: tuple[str, ...], exit_code: int, code: str
) -> None:
    """And says what was meant, where that is near."""
    before = penstock.api.get(f"/v1/functions/{vip}/environment").json

    refused = penstock("functions", "environment", *arguments, "--json")

    assert (exit_code, code) == (refused.code, refused.json["error"]["code"])
    assert ("did you mean SHOP?" in refused.err) == (code == "not_in_environment")
    assert before == penstock.api.get(f"/v1/functions/{vip}/environment").json
    assert (1, {"SHOP": "a"}) == (before["version"], before["values"])


def test_secrets_are_listed_without_values_and_unset(penstock: Command, vip: str) -> None:
    """Their versions are what the records of runs name."""
    set_ = penstock("functions", "secrets", "set", vip, "CRM_TOKEN", stdin="hunter2\n")
    listed = penstock("functions", "secrets", "list", vip)
    unset = penstock("functions", "secrets", "unset", vip, "CRM_TOKEN")
    slip = penstock("functions", "secrets", "unset", vip, "CRM_TOKN", "--json")

    assert (0, 0) == (set_.code, unset.code)
    assert "CRM_TOKEN  1        yes" in listed.out
    assert "hunter2" not in listed.out + unset.out
    [secret] = penstock("functions", "secrets", "list", vip, "--json").json["data"]
    assert ("CRM_TOKEN", 1, False) == (secret["name"], secret["version"], secret["has_value"])
    assert (1, "secret_not_found") == (slip.code, slip.json["error"]["code"])


def test_a_push_says_which_command_sets_a_secret_without_a_value(penstock: Command) -> None:
    """Else the first run says it, at night."""
    file = penstock.write("vip.py", SOURCE)
    penstock.write("penstock.toml", '[function]\nsecrets = ["CRM_TOKEN", "ERP_TOKEN"]\n')
    penstock("functions", "push", file)
    penstock("functions", "secrets", "set", "vip", "ERP_TOKEN", stdin="x")

    pushed = penstock("functions", "push", file)
    as_json = penstock("functions", "push", file, "--json")

    assert "`penstock functions secrets set vip CRM_TOKEN` sets it" in pushed.out
    assert "ERP_TOKEN" not in pushed.out
    assert ["CRM_TOKEN"] == as_json.json["secrets_without_value"]


def test_two_who_each_set_a_value_keep_both(penstock: Command, vip: str) -> None:
    """The second reads again what the first has written meanwhile."""
    others = iter(["B", "C"])
    api = Client(
        Connection(
            url=penstock.environment["PENSTOCK_API_URL"],
            key=penstock.environment["PENSTOCK_API_KEY"],
            origin="test",
        )
    )

    def change(old: Mapping[str, str]) -> dict[str, str]:
        """Set A; meanwhile somebody else sets another value, twice."""
        other = next(others, None)
        if other is not None:
            values = {"values": {**old, other: "1"}}
            penstock.api.call("PUT", f"/v1/functions/{vip}/environment", values)
        return {**old, "A": "1"}

    changed = function_values.changed(api, vip, change)

    assert {"SHOP": "a", "A": "1", "B": "1", "C": "1"} == changed["values"]


def test_a_push_leads_from_several_triggers_back_to_one(penstock: Command) -> None:
    """The file says all of them, so what it no longer says is gone: a filter too."""
    file = penstock.write("vip.py", SOURCE)
    each = '[[function.triggers]]\ntopics = ["{}"]\nfilter = {{ id = ["a"] }}\n'
    penstock.write("penstock.toml", each.format("metric.x") + each.format("metric.y"))
    penstock("functions", "push", file)
    several = penstock.api.get("/v1/functions/vip").json
    penstock.write("penstock.toml", '[function]\ntopics = ["metric.z"]\n')

    pushed = penstock("functions", "push", file)

    assert ["metric.x", "metric.y"] == several["topics"]
    assert [{"id": ["a"]}] * 2 == [trigger["filter"] for trigger in several["triggers"]]
    assert 0 == pushed.code
    assert [{"topics": ["metric.z"], "filter": None}] == (
        penstock.api.get("/v1/functions/vip").json["triggers"]
    )
