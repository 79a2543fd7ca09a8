"""Whether conditions hold where some of them are about the elements of arrays.

Conditions about the elements of one array must hold in the same element. AWS's event-ruler goes
through the places in alphabetical order: until a condition has chosen an element, it looks for what
must not exist in the whole array, and from then on in that element alone. So do we.

What `$or` multiplies out to is decided all at once: a set of lists of conditions is a number, with
a bit for each list.
"""

from collections.abc import Sequence
from typing import NamedTuple

from runtime.core.matching.conditions import Condition, Node
from runtime.core.matching.facts import Array, Element, Facts


class Asked(NamedTuple):
    """A condition, and the lists that it is in."""

    condition: Condition
    lists: int


def in_order(node: Node) -> tuple[Asked, ...]:
    """Every condition of a node, in the order of the places: Java's, which compares by UTF-16."""
    lists: dict[Condition, int] = {}
    for number, conditions in enumerate(node.lists()):
        for condition in conditions:
            lists[condition] = lists.get(condition, 0) | 1 << number
    asked = (Asked(condition, bits) for condition, bits in lists.items())
    return tuple(sorted(asked, key=lambda each: each.condition.place.encode("utf-16-be")))


def hold(asked: Sequence[Asked], facts: Facts) -> bool:
    """Whether all conditions of any list hold."""
    lists = 0
    for each in asked:
        lists |= each.lists
    for each in asked:
        if not each.condition.is_possible(facts):
            lists &= ~each.lists
    return _hold_in(facts.root, asked, lists) != 0


def _hold_in(element: Element, asked: Sequence[Asked], lists: int) -> int:
    """Those of the lists whose conditions hold in this element."""
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
    # A scalar beside the array's elements satisfies a condition without choosing an element. That
    # may help the conditions that follow, or not, so both are tried.
    others = [
        each
        for each in asked
        if not each.condition.is_satisfied(element.values.get(each.condition.place, ()))
    ]
    holding = _hold_in_one(array, asked, lists)
    return holding if len(others) == len(asked) else holding | _hold_in_one(array, others, lists)


def _hold_in_one(array: Array, asked: Sequence[Asked], lists: int) -> int:
    """Those of the lists whose conditions all hold in one element of the array."""
    # A list's first condition chooses the element, so it needs a value there: the array has some.
    firsts: list[tuple[str, int]] = []
    open_lists = 0
    for each in asked:
        firsts.append((each.condition.place, each.lists & ~open_lists))
        open_lists |= each.lists
    open_lists &= lists
    holding = lists & ~open_lists  # ask nothing of the array
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
