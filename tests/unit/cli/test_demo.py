"""`penstock demo`: its call; what it does is the end-to-end test's."""

from tests.unit.cli.conftest import Command


def test_wrong_usage_of_the_demo_is_one_json_document(penstock: Command) -> None:
    """`--json` holds everywhere, or every script needs a list of exceptions."""
    ran = penstock("demo", "--json", "--events", "0")

    assert (2, "usage") == (ran.code, ran.json["error"]["code"])
