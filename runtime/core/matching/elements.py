"""Decides whether conditions hold when some of them are about the elements of arrays.

Conditions about the elements of one array must hold in the same element. This code follows AWS's
event-ruler, which checks the places in alphabetical order. Until a condition has chosen an element,
`{"exists": false}` looks at the whole array; after that, it looks at the chosen element alone.

All lists of conditions that `$or` multiplies out to are decided together: a set of lists is an
integer with one bit for each list.
"""

from collections.abc import Sequence
from typing import NamedTuple

from runtime.core.matching.conditions import Condition, Node
from runtime.core.matching.facts import Array, Element, Facts


class Asked(NamedTuple):
    """A condition, and the lists that contain it."""

    condition: Condition
    lists: int  # a bit for each list


def in_order(node: Node) -> tuple[Asked, ...]:
    """Every condition of a node, sorted by place as Java sorts strings: by UTF-16 code units."""
    lists: dict[Condition, int] = {}
    for number, conditions in enumerate(node.lists()):
        for condition in conditions:
            lists[condition] = lists.get(condition, 0) | 1 << number
    asked = (Asked(condition, bits) for condition, bits in lists.items())
    return tuple(sorted(asked, key=lambda each: each.condition.place.encode("utf-16-be")))


def hold(asked: Sequence[Asked], facts: Facts) -> bool:
    """Whether there is a list whose conditions all hold."""
    lists = 0
    for each in asked:
        lists |= each.lists
    for each in asked:
        if not each.condition.is_possible(facts):
            lists &= ~each.lists
    return _hold_in(facts.root, asked, lists) != 0


def _hold_in(element: Element, asked: Sequence[Asked], lists: int) -> int:
    """The lists, out of `lists`, whose conditions all hold in this element."""
    by_array: dict[Array, list[Asked]] = {}
    for condition, in_lists in asked:
        if not in_lists & lists:
            continue
        array = element.array_with(condition.place) if element.arrays else None
        if array is not None:
            by_array.setdefault(array, []).append(Asked(condition, in_lists))
        elif not _holds_here(element, condition):
            lists &= ~in_lists
            if not lists:
                return 0
    for array, of_array in by_array.items():
        lists = lists and _hold_below(element, array, of_array, lists)
    return lists


def _holds_here(element: Element, condition: Condition) -> bool:
    values = element.values.get(condition.place)
    return condition.absent if values is None else condition.is_satisfied(values)


def _hold_below(element: Element, array: Array, asked: list[Asked], lists: int) -> int:
    # A scalar beside the array's elements can satisfy a condition without choosing an element.
    # Choosing none may help or hurt the conditions that follow, so both ways are tried.
    others = [
        each
        for each in asked
        if not each.condition.is_satisfied(element.values.get(each.condition.place, ()))
    ]
    holding = _hold_in_one(array, asked, lists)
    return holding if len(others) == len(asked) else holding | _hold_in_one(array, others, lists)


def _hold_in_one(array: Array, asked: Sequence[Asked], lists: int) -> int:
    """The lists, out of `lists`, whose conditions all hold in one element of the array."""
    # The first condition of a list chooses the element, so the element must have a value there.
    firsts: list[tuple[str, int]] = []
    open_lists = 0
    for each in asked:
        firsts.append((each.condition.place, each.lists & ~open_lists))
        open_lists |= each.lists
    open_lists &= lists
    holding = lists & ~open_lists  # these lists ask nothing of the array
    for element in array.elements:
        chosen = open_lists
        for place, lists_beginning in firsts:
            if lists_beginning & chosen and not element.has(place):
                chosen &= ~lists_beginning
        if chosen:
            here = _hold_in(element, asked, chosen)
            holding |= here
            open_lists &= ~here
            if not open_lists:
                break
    return holding
