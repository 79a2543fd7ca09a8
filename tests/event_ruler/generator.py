"""Makes patterns and events about the same few things, so that they meet: one function a kind."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

ABSENT: Final = {"exists": False}
FOLDED: Final = "equals-ignore-case"
_POOLS: Final = json.loads(Path(__file__).with_name("pools.json").read_text(encoding="utf-8"))
_NUMBERS: Final = [*_POOLS["numbers"], 10**400, 10**400 + 1]
_NAMES: Final = ("x", "y", "z")
_DOTTED: Final = ("x", "y", "x.y")
_SCALARS: Final = ("a", "b", 1, 2.0, True, False, None)
_SIMPLE: Final = (*_SCALARS, ABSENT, ABSENT, {"exists": True}, {"anything-but": "a"})
_AFFIXES: Final = ("prefix", "suffix")
Made = tuple[Any, dict[str, Any]]  # a pattern, and an event


class Kind(NamedTuple):
    """A kind of case, and how many of it are kept."""

    make: Callable[[Random], Made]
    kept: int


def arrays(dice: Random) -> Made:
    """Conditions about what is in arrays, in arrays of arrays, and nowhere."""
    return _pattern(dice, _NAMES), _event(dice, _NAMES)


def dots(dice: Random) -> Made:
    """Names with dots."""
    while True:
        event = _event(dice, _DOTTED)
        if not _is_twice(event):
            return _pattern(dice, _DOTTED), event


def alternatives(dice: Random) -> Made:
    """`$or`, whose branches have no rule in common: the ruler loses some that have."""
    branches: list[dict[str, Any]] = [
        {"x": [dice.choice(("a", 1))]},
        {"x": [dice.choice(("b", True, ABSENT))]},
    ]
    for branch in branches:
        if _often(dice):
            branch["y"] = _simple(dice)
    pattern: dict[str, Any] = {"$or": [*branches, {"w": {"x": _simple(dice)}}]}
    if _often(dice):
        pattern["z"] = _simple(dice)
    return {"x": pattern} if _often(dice) else pattern, _event(dice, (*_NAMES, "w"))


def texts(dice: Random) -> Made:
    """Every operator for texts, also with what it refuses."""
    pool, globs = _POOLS["texts"], _POOLS["globs"]
    text = dice.choice((*pool, 1, None, ["a", "b"]))
    few = dice.choice((text, [dice.choice(pool)], [dice.choice(pool), dice.choice(pool)]))
    rules = [text, *({name: text} for name in ("exactly", FOLDED, *_AFFIXES))]
    rules += [{name: {FOLDED: text}} for name in _AFFIXES]
    rules += [{"anything-but": {name: few}} for name in ("exactly", FOLDED, *_AFFIXES)]
    rules += [{"anything-but": few}, {"prefix": {"x": text}}]
    rules += [{"wildcard": dice.choice((*globs, "**", "a\\c", "a\\"))}]
    rules += [{"anything-but": {"wildcard": dice.choice((dice.choice(globs), globs[:2]))}}]
    return _meeting(dice, rules, (*pool, 1, True, None, ["a", "ab"]))


def folds(dice: Random) -> Made:
    """Letters whose cases are not one to one."""
    rule = {FOLDED: dice.choice(_POOLS["folds"])}
    rules = [rule, *({name: rule} for name in ("anything-but", *_AFFIXES))]
    return _meeting(dice, rules, _POOLS["folds"])


def numbers(dice: Random) -> Made:
    """Numbers, alike and apart, and comparisons of them."""
    number, low, high = dice.choice(_NUMBERS), *(dice.choice(_POOLS["bounds"]) for _ in "ab")
    comparison = dice.choice(("<", "<=", "=", ">=", ">", "!", "<>"))
    rules = [number, number, {"anything-but": number}, {"anything-but": [1, number]}]
    rules += [{"numeric": [comparison, low]}, {"numeric": [comparison, low, "<", high]}]
    rules += [{"numeric": [">", low, "<=", high]}, {"numeric": [comparison]}]
    rules += [{"anything-but": [1, "a"]}]
    return _meeting(dice, rules, (number, number, dice.choice(_NUMBERS), low, high, "5", True))


def addresses(dice: Random) -> Made:
    """Addresses and networks, also such as are none."""
    address, network = dice.choice(_POOLS["addresses"]), dice.choice(_POOLS["networks"])
    rules = [{"cidr": network}, {"cidr": network}, address]
    rules += [{"exactly": address}, {"anything-but": address}, {"cidr": 10}]
    while True:
        pattern, event = _meeting(dice, rules, (address, *_POOLS["addresses"]))
        if not _is_mixed(pattern["x"][0], event["x"]):
            return pattern, event


def shapes(dice: Random) -> Made:
    """Patterns of any shape, most of which are refused."""
    rule = dice.choice((*_POOLS["bad_rules"], ["a"], [ABSENT, "a"]))
    name = dice.choice(("x", "$or", "prefix", "=", "numeric", "regex", "date-after", "Prefix"))
    either = [{name: rule}, {"y": ["a"]}]
    patterns: list[Any] = [{name: rule}, {"x": {name: rule}}, [], rule, {"$or": rule}]
    patterns += [{"$or": either}, {"x": {"$or": either}}, {"x": ["a"], "$or": either}]
    patterns += [{"$or": either[:1]}, {"$or": [*either, rule]}, {"x.y": rule, "x": {"y": rule}}]
    patterns += [{"$or": [*either, {"z": {name: rule}}]}, {"$or": [{"$or": either}, {"z": [1]}]}]
    event = {"x": dice.choice(("a", {"x": "a", "y": "a"})), "y": dice.choice(("a", "b"))}
    return dice.choice(patterns), event


def _often(dice: Random) -> bool:
    return dice.random() < 0.4


def _value(dice: Random, names: tuple[str, ...], depth: int) -> Any:
    roll = dice.random()
    if depth > 3 or roll < 0.35:
        return dice.choice(_SCALARS)
    if roll < 0.75:
        return [_value(dice, names, depth + 1) for _ in range(dice.randint(0, 3))]
    return _event(dice, names, depth)


def _event(dice: Random, names: tuple[str, ...], depth: int = 0) -> dict[str, Any]:
    some = dice.sample(names, dice.randint(1, len(names)))
    return {name: _value(dice, names, depth + 1) for name in some}


def _simple(dice: Random) -> list[Any]:
    return [dice.choice(_SIMPLE) for _ in range(dice.randint(1, 2))]


def _pattern(dice: Random, names: tuple[str, ...], depth: int = 0) -> dict[str, Any]:
    some = dice.sample(names, dice.randint(1, len(names)))
    return {name: _below(dice, names, depth) for name in some}


def _below(dice: Random, names: tuple[str, ...], depth: int) -> Any:
    return _pattern(dice, names, depth + 1) if depth < 2 and _often(dice) else _simple(dice)


def _meeting(dice: Random, rules: list[Any], values: tuple[Any, ...]) -> Made:
    """One of the rules, and one of the values, at one place."""
    return {"x": [dice.choice(rules)]}, {"x": dice.choice(values)}


def _is_mixed(rule: object, value: str) -> bool:
    """Whether IPv4 meets IPv6: there we differ."""
    wanted = next(iter(rule.values())) if isinstance(rule, Mapping) else rule
    return isinstance(wanted, str) and _is_v6(wanted) != _is_v6(value)


def _is_v6(text: str) -> bool:
    return ":" in text and not text.startswith("::ffff:")


def _is_twice(event: Mapping[str, Any]) -> bool:
    """Whether the event has a place twice, with dots and nested: there we differ."""
    spelled: dict[str, tuple[str, ...]] = {}
    return any(spelled.setdefault(".".join(way), way) != way for way in _ways(event, ()))


def _ways(value: object, way: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield (*way, name)
            yield from _ways(below, (*way, name))
    elif isinstance(value, list):
        for item in value:
            yield from _ways(item, way)


KINDS: Final[Mapping[str, Kind]] = {
    "arrays": Kind(arrays, 1000),
    "dots": Kind(dots, 200),
    "alternatives": Kind(alternatives, 400),
    "texts": Kind(texts, 500),
    "folds": Kind(folds, 300),
    "numbers": Kind(numbers, 400),
    "addresses": Kind(addresses, 400),
    "shapes": Kind(shapes, 300),
}
