"""What a transform may be, what transforms may be together, and how settings are read."""

from dataclasses import replace
from typing import Any

import pytest

from runtime.core.transforms import parsing, rules
from runtime.core.transforms.format import Format
from runtime.core.transforms.merge import Merge
from runtime.core.transforms.standardize import Operator, Rule, Standardize
from runtime.core.transforms.transform import Definition, Method, Settings
from runtime.errors import BadInput

GOOD = Definition(name="City", sources=("city",), target="town", settings=Format(trim=True))


@pytest.mark.parametrize(
    ("definition", "code", "field"),
    [
        (replace(GOOD, name=""), "bad_name", "name"),
        (replace(GOOD, target=""), "bad_target", "target"),
        (replace(GOOD, target="a\0"), "bad_target", "target"),
        (replace(GOOD, target="x" * 257), "bad_target", "target"),
        (replace(GOOD, target="email"), "identifier_target", "target"),
        (replace(GOOD, target="phone"), "identifier_target", "target"),
        (replace(GOOD, target="external_id"), "identifier_target", "target"),
        (replace(GOOD, target="anonymous_id"), "identifier_target", "target"),
        (replace(GOOD, target="$first_name"), "reserved_target", "target"),
        (replace(GOOD, sources=()), "bad_sources", "sources"),
        (replace(GOOD, sources=("a", "b")), "bad_sources", "sources"),
        (replace(GOOD, sources=("",)), "bad_sources", "sources[0]"),
        (replace(GOOD, sources=("a",), settings=Merge()), "bad_sources", "sources"),
        (replace(GOOD, sources=("a", "a"), settings=Merge()), "bad_sources", "sources"),
        (replace(GOOD, sources=tuple("abcdefghijk"), settings=Merge()), "bad_sources", "sources"),
    ],
)
def test_a_transform_that_cannot_work_is_refused(
    definition: Definition, code: str, field: str
) -> None:
    """The refusal names the field and says what to do."""
    with pytest.raises(BadInput) as refusal:
        rules.check(definition)
    assert (refusal.value.code, refusal.value.field) == (code, field)


def test_good_transforms_pass() -> None:
    """A target may be the source itself, and a name may have any letters."""
    rules.check(replace(GOOD, sources=("Größe 2",), target="Größe 2"))
    rules.check_together([GOOD, replace(GOOD, sources=("town",), target="village")])


@pytest.mark.parametrize(
    ("pairs", "circle"),
    [
        ([("a", "b"), ("b", "a")], "b → a → b"),
        ([("a", "b"), ("b", "c"), ("c", "a")], "b → c → a → b"),
        ([("a", "b"), ("b", "c"), ("c", "a"), ("x", "y")], "b → c → a → b"),
    ],
)
def test_a_circle_is_refused_and_shown(pairs: list[tuple[str, str]], circle: str) -> None:
    """What depends on itself has no value that anybody could explain."""
    with pytest.raises(BadInput) as refusal:
        rules.check_together(_chain(pairs))
    assert refusal.value.code == "circle"
    assert circle in refusal.value.message


def test_a_diamond_is_no_circle() -> None:
    """Two transforms may read one property, and a third both of what they make."""
    rules.check_together(_chain([("a", "b"), ("a", "c"), ("b", "d"), ("c", "e"), ("e", "e2")]))


def test_two_transforms_with_one_target_are_refused() -> None:
    """Nobody could say which of them made the value."""
    with pytest.raises(BadInput) as refusal:
        rules.check_together(_chain([("a", "c"), ("b", "c")]))
    assert refusal.value.code == "duplicate_target"


def test_there_are_at_most_a_hundred() -> None:
    """More would make each event too slow."""
    most = [("a", f"b{number}") for number in range(rules.MAX_TRANSFORMS)]
    rules.check_together(_chain(most))
    with pytest.raises(BadInput) as refusal:
        rules.check_together(_chain([*most, ("a", "one more")]))
    assert refusal.value.code == "too_many_transforms"


def test_all_regular_expressions_together_are_bounded() -> None:
    """Each alone is fast; what they cost together has a bound too."""
    rule = Rule(operator=Operator.MATCHES, values=("[ab]{100}[cd]{100}",) * 11, replacement="x")
    with pytest.raises(BadInput) as refusal:
        rules.check_together([replace(GOOD, settings=Standardize(rules=(rule,)))])
    assert refusal.value.code == "patterns_too_large"


def _chain(pairs: list[tuple[str, str]]) -> list[Definition]:
    return [replace(GOOD, sources=(source,), target=target) for source, target in pairs]


_RULE = {"operator": "equals", "values": ["a"], "replacement": None}


@pytest.mark.parametrize(
    ("method", "raw"),
    [
        (Method.FORMAT, {"trim": True, "case": "upper", "keep": "-"}),
        (Method.STANDARDIZE, {"rules": [_RULE], "table": "countries"}),
        (Method.MERGE, {"choice": "union"}),
        (Method.SPLIT, {"separator": ",", "part": -1}),
        (Method.DEFAULT, {"value": {"a": [1, None]}}),
        (Method.HASH, {"normalize": False}),
    ],
)
def test_settings_are_written_as_they_are_read(method: Method, raw: dict[str, Any]) -> None:
    """A version is stored as JSON, and must be the same when it is read again."""
    settings: Settings = parsing.settings(method, raw)
    written = parsing.to_json(settings)
    assert parsing.settings(method, written) == settings
    assert written | {k: v for k, v in raw.items() if k != "rules"} == written


@pytest.mark.parametrize(
    ("method", "raw", "field"),
    [
        (Method.FORMAT, {}, "settings"),
        (Method.FORMAT, {"keep": "-"}, "settings"),
        (Method.FORMAT, {"trim": 1}, "settings.trim"),
        (Method.FORMAT, {"case": "camel"}, "settings.case"),
        (Method.FORMAT, {"case": []}, "settings.case"),
        (Method.FORMAT, {"kind": "phone", "country": "de"}, "settings.country"),
        (Method.FORMAT, {"trim": True, "trimm": True}, "settings.trimm"),
        (
            Method.FORMAT,
            {"special_characters": True, "kind": "date"},
            "settings.special_characters",
        ),
        (Method.STANDARDIZE, {}, "settings"),
        (Method.STANDARDIZE, {"table": "planets"}, "settings.table"),
        (Method.STANDARDIZE, {"rules": [1]}, "settings.rules"),
        (Method.STANDARDIZE, {"rules": [_RULE] * 51}, "settings.rules"),
        (Method.STANDARDIZE, {"rules": [{}]}, "settings.rules[0].operator"),
        (Method.STANDARDIZE, {"rules": [_RULE | {"values": []}]}, "settings.rules[0].values"),
        (Method.STANDARDIZE, {"rules": [_RULE | {"to": 1}]}, "settings.rules[0].to"),
        (
            Method.STANDARDIZE,
            {"rules": [{"operator": "contains", "values": [1], "replacement": 1}]},
            "settings.rules[0].values",
        ),
        (
            Method.STANDARDIZE,
            {"rules": [{"operator": "equals", "values": [1]}]},
            "settings.rules[0].replacement",
        ),
        (Method.SPLIT, {"separator": ""}, "settings.separator"),
        (Method.SPLIT, {"part": 0}, "settings.part"),
        (Method.SPLIT, {"part": True}, "settings.part"),
        (Method.SPLIT, {"part": 1.5}, "settings.part"),
        (Method.DEFAULT, {}, "settings.value"),
        (Method.DEFAULT, {"value": None}, "settings.value"),
        (Method.DEFAULT, {"value": "x" * 8192}, "settings.value"),
        (Method.HASH, {"algorithm": "md5"}, "settings.algorithm"),
    ],
)
def test_settings_that_mean_nothing_are_refused(
    method: Method, raw: dict[str, Any], field: str
) -> None:
    """The refusal names the field, down to the rule."""
    with pytest.raises(BadInput) as refusal:
        parsing.settings(method, raw)
    assert (refusal.value.code, refusal.value.field) == ("bad_settings", field)


def test_a_bad_pattern_is_refused_with_its_rule() -> None:
    """Fifty rules may have a hundred patterns each."""
    rule = {"operator": "matches", "values": ["(a"], "replacement": "b"}
    with pytest.raises(BadInput) as refusal:
        parsing.settings(Method.STANDARDIZE, {"rules": [_RULE, rule]})
    assert (refusal.value.code, refusal.value.field) == ("bad_pattern", "settings.rules[1].values")


def test_settings_over_the_limit_are_refused() -> None:
    """Workers keep the transforms of many tenants in memory."""
    with pytest.raises(BadInput) as refusal:
        parsing.settings(Method.STANDARDIZE, {"rules": [_RULE | {"values": ["x" * 20_000]}]})
    assert refusal.value.code == "settings_too_large"
