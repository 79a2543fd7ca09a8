"""`penstock export` against the real API: what it writes makes the same tenant anywhere."""

from typing import Any

import pytest

from cli.project import yaml_text
from tests.api_server import Served
from tests.unit.cli.conftest import Command
from tests.unit.cli.test_apply_yaml import SECRETS, VIP, WHOLE, a_project, applied


def another_tenant(served: Served) -> dict[str, str]:
    """The environment of a tenant that has nothing."""
    key = served.api.newcomer().key
    assert key is not None
    return {"PENSTOCK_API_KEY": key}


def test_an_export_makes_the_same_configuration_on_an_empty_installation(
    penstock: Command, served: Served
) -> None:
    """Byte for byte: what it exports there is the file that was applied."""
    applied(penstock, "--yes")
    other = another_tenant(served)

    first = penstock("export", "-f", "there/penstock.yaml", "--json")
    variables = dict.fromkeys(first.json["variables"], "hunter2-hunter2")
    made = penstock("apply", "-f", "there/penstock.yaml", "--yes", "--json", **other, **variables)
    again = penstock("export", "-f", "again/penstock.yaml", **other)

    assert (0, 0, 0) == (first.code, made.code, again.code), made.out + again.err
    for name in ("penstock.yaml", "functions/vip.py", "functions/order-slip.py"):
        texts = [(penstock.folder / each / name).read_bytes() for each in ("there", "again")]
        assert texts[0] == texts[1]
    assert 0 == penstock("apply", "-f", "there/penstock.yaml", "--check", **other).code
    assert 0 == penstock("apply", "-f", "there/penstock.yaml", "--check").code


def test_an_export_has_what_the_file_had_without_its_defaults(penstock: Command) -> None:
    """Somebody reads it, and keeps it in a repository."""
    applied(penstock, "--yes")

    ran = penstock("export")

    document = yaml_text.parse(ran.out)
    whole = yaml_text.parse(WHOLE)
    assert list(document) == ["functions", "transforms", "webhooks", "syncs", "keys"]
    assert {
        **whole["functions"]["vip"],
        "secrets": {"CRM_TOKEN": {"env": "VIP_CRM_TOKEN"}},
    } == document["functions"]["vip"]
    assert whole["transforms"] == document["transforms"]
    assert {"kind": "s3", "schedule": "every 15 minutes"} == document["syncs"]["lake"]
    assert {"shop", "agency"} == set(document["keys"]), "not the key that it calls with"
    assert "#   VIP_CRM_TOKEN\n#   ORDERS_X_TEAM\n" in ran.out
    assert "not written: functions/order-slip.py, functions/vip.py; -f FILE" in ran.err
    assert all(secret not in ran.out for secret in SECRETS.values())


def test_a_login_and_a_certificate_become_variables_that_apply_takes(
    penstock: Command, served: Served
) -> None:
    """The API shows their kind alone, and no part of them."""
    text = """
webhooks:
  a-b:
    url: https://a.example.com/
    topics: [metric.x]
    auth: {kind: basic, username: shop, password: {env: PASSWORD}}
  a_b:
    url: https://b.example.com/
    topics: [metric.x]
    auth:
      kind: oauth2
      token_url: https://login.example.com/
      client_id: {env: ID}
      client_secret: {env: PASSWORD}
"""
    penstock.write("penstock.yaml", text)
    assert 0 == penstock("apply", "--yes", PASSWORD="hunter2-hunter2", ID="x").code

    exported = penstock("export", "--json").json
    penstock("export", "-f", "there.yaml")
    values = dict.fromkeys(exported["variables"], "https://login.example.com/")
    there = penstock(
        "apply", "-f", "there.yaml", "--yes", "--json", **values, **another_tenant(served)
    )

    assert {
        "kind": "basic",
        "username": {"env": "A_B_USERNAME"},
        "password": {"env": "A_B_PASSWORD"},
    } == exported["document"]["webhooks"]["a-b"]["auth"]
    assert {"env": "A_B_CLIENT_SECRET"} == exported["document"]["webhooks"]["a_b"]["auth"][
        "client_secret"
    ]
    assert 1 == there.code, "a user name has no colon, and the API says so"
    values["A_B_USERNAME"] = "shop"
    assert (
        0 == penstock("apply", "-f", "there.yaml", "--yes", **values, **another_tenant(served)).code
    )


def test_files_that_say_something_else_are_not_written_over(penstock: Command) -> None:
    """Somebody's change would be lost; --force says that it may be."""
    applied(penstock, "--yes")
    assert 0 == penstock("export", "-f", "there/penstock.yaml").code
    assert 0 == penstock("export", "-f", "there/penstock.yaml").code, "the same again"
    penstock.write("there/functions/vip.py", "# mine\n")

    refused = penstock("export", "-f", "there/penstock.yaml", "--json")
    forced = penstock("export", "-f", "there/penstock.yaml", "--force")

    assert (1, "file_exists") == (refused.code, refused.json["error"]["code"])
    assert "there/functions/vip.py would be overwritten" in refused.json["error"]["message"]
    assert 0 == forced.code
    assert VIP == (penstock.folder / "there/functions/vip.py").read_text(encoding="utf-8")


def test_what_no_file_can_say_is_named(penstock: Command) -> None:
    """A function without code, and two webhooks with one name."""
    penstock.api.post("/v1/functions", {"name": "empty"})
    ran = penstock("export")
    hook = {"name": "twice", "url": "https://x.example.com/", "topics": ["metric.x"]}
    ids = [penstock.api.post("/v1/webhooks", hook).json["id"] for _ in range(2)]
    twice = penstock("export", "--json")

    assert 0 == ran.code
    assert "left out: function empty, which has no code" in ran.err
    assert (1, "ambiguous_name") == (twice.code, twice.json["error"]["code"])
    assert all(each in twice.json["error"]["message"] for each in ids)


def test_a_key_that_may_read_webhooks_alone_exports_them_alone(penstock: Command) -> None:
    """Whoever may not see keys still gets what he may see."""
    a_project(penstock)
    key = penstock.api.post("/v1/api-keys", {"name": "x", "scopes": ["webhooks:read"]}).json["key"]

    one = penstock("export", "--only", "webhooks", PENSTOCK_API_KEY=key)
    all_of_it = penstock("export", "--json", PENSTOCK_API_KEY=key)

    assert 0 == one.code
    assert "missing_scope" == all_of_it.json["error"]["code"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["-f", "penstock.toml"], "not_yaml"), (["--only", "webhook"], "unknown_section")],
)
def test_a_wrong_call_says_what_is_right(
    penstock: Command, arguments: list[str], code: str
) -> None:
    """TOML is read and not written."""
    ran: Any = penstock("export", *arguments, "--json")

    assert (2, code) == (ran.code, ran.json["error"]["code"])
