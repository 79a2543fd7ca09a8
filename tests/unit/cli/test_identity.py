"""`penstock identity`: the rules of names."""

import pytest

from tests.unit.cli.conftest import Command


def test_rules_are_changed_one_by_one(penstock: Command) -> None:
    """Whoever adds a country must not lose the limits by it."""
    first = penstock("identity", "set", "--own-kind", "card", "--max-values", "card=1", "--json")
    second = penstock(
        "identity", "set", "--default-country", "DE", "--no-lower-local-part", "--block", "x@y.de"
    )

    shown = penstock("identity", "show", "--json").json
    assert (0, 0) == (first.code, second.code)
    assert ("DE", False, ["card"], ["x@y.de"]) == (
        shown["default_country"], shown["lower_local_part"], shown["own_kinds"], shown["blocked"],
    )  # fmt: skip
    assert (1, 5) == (shown["max_values"]["card"], shown["max_values"]["email"])
    last = penstock("identity", "set", "--default-country", "", "--own-kind", "badge", "--json")
    assert (None, ["badge"]) == (last.json["default_country"], last.json["own_kinds"])
    assert "card" not in last.json["max_values"]


@pytest.mark.parametrize("words", [(), ("--max-values", "email"), ("--max-values", "=1")])
def test_what_says_nothing_is_refused(penstock: Command, words: tuple[str, ...]) -> None:
    """Before any call."""
    assert 2 == penstock("identity", "set", *words).code


def test_the_api_says_which_rule_is_wrong(penstock: Command) -> None:
    """Its error names the field."""
    refused = penstock("identity", "set", "--own-kind", "email")

    assert (1, True) == (refused.code, "own_kinds[0]" in refused.err)
