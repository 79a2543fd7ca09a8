"""An event as filters see it: the values at each place, and which of them share an array element.

A place is a dotted path that skips arrays: the `sku` of every line stands at
`properties.lines.sku`. As in EventBridge, a name with dots means the same as nested objects.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

_SCALARS: Final = (str, int, float)
_NESTED: Final = (dict, list, Mapping)


class Facts:
    """An event, its values by place, and its arrays."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        self.event = event
        self.values: dict[str, list[object]] = {}  # place → every value there, in any element
        self.in_elements: set[str] = set()  # places that have values in elements of arrays
        for name, below in event.items():
            self._note(below, name, in_element=False)

    @cached_property
    def root(self) -> "Element":
        """The event itself, treated as an element of an array. It is built on first use."""
        root = Element()
        root.fill(self.event, "")
        return root

    def _note(self, value: object, place: str, *, in_element: bool) -> None:
        if value is None or isinstance(value, _SCALARS):
            if place in self.values:
                self.values[place].append(value)
            else:
                self.values[place] = [value]
            if in_element:
                self.in_elements.add(place)
        elif isinstance(value, list):
            for item in value:
                inner = in_element or isinstance(item, _NESTED)
                self._note(item, place, in_element=inner)
        elif isinstance(value, Mapping):  # last, because this check is the slowest of the three
            for name, below in value.items():
                self._note(below, f"{place}.{name}", in_element=in_element)


class Element:
    """An object or an array that is an element of an array: its own values and its inner arrays.

    A scalar in an array counts as a value of the parent: no other value belongs to it.
    """

    __slots__ = ("arrays", "values")

    def __init__(self) -> None:
        self.values: dict[str, list[object]] = {}  # place → values that are in no array's element
        self.arrays: list[Array] = []  # no two of them have values at the same place

    def fill(self, value: object, place: str) -> None:
        """Add the parts of `value`, which stands at `place`."""
        if isinstance(value, list):
            self._add(Array(value, place, self))
        elif isinstance(value, Mapping):
            for name, below in value.items():
                self.fill(below, f"{place}.{name}" if place else name)
        else:
            self.values.setdefault(place, []).append(value)

    def array_with(self, place: str) -> "Array | None":
        """The array in whose elements this place has values; None if there is none."""
        for array in self.arrays:
            if place in array.places:
                return array
        return None

    def has(self, place: str) -> bool:
        """Whether the place has a value here, inside an inner array or outside."""
        return place in self.values or self.array_with(place) is not None

    def places(self) -> set[str]:
        """Every place that has a value here."""
        return set(self.values).union(*(array.places for array in self.arrays))

    def _add(self, array: "Array") -> None:
        # Two arrays can share a place only if a name has dots: `a.b` beside `b` in `a`. They then
        # count as one array.
        for other in self.arrays:
            if not array.places.isdisjoint(other.places):
                array.elements = other.elements + array.elements
                array.places |= other.places
        self.arrays = [o for o in self.arrays if array.places.isdisjoint(o.places)]
        if array.elements:
            self.arrays.append(array)


class Array:
    """The objects and arrays among the items of an array. Its scalars are added to `parent`."""

    __slots__ = ("elements", "places")

    def __init__(self, items: list[Any], place: str, parent: Element) -> None:
        self.elements: list[Element] = []
        self.places: set[str] = set()  # where any element has a value
        for item in items:
            if isinstance(item, _NESTED):
                element = Element()
                element.fill(item, place)
                self.elements.append(element)
                self.places |= element.places()
            else:
                parent.values.setdefault(place, []).append(item)
