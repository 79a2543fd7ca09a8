"""Matches regular expressions in time that grows with the text, whatever the pattern.

The matcher of the standard library backtracks: some patterns take it years for fifty characters,
and nothing can stop it. Here a pattern becomes Glushkov's automaton. It has one state for each
character of the pattern, and a set of states, one bit each, is followed through the text once. What
follows a set on a character is kept, so that common texts cost one look-up a character.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from runtime.core.transforms.pattern_syntax import (
    Alternative,
    Character,
    Either,
    Node,
    Repeat,
    Sequence,
    Takes,
    parse,
)
from runtime.errors import BadInput

MAX_STATES: Final = 250  # one step of a text looks at each of them once, at the most
MAX_TEXT_CHARS: Final = 500  # of a text that is matched; a longer one matches no pattern
_MAX_PARTS: Final = 4 * MAX_STATES  # read while repeats are written out; empty ones have no state
_MAX_KEPT: Final = 2000  # steps that one pattern remembers


class _Part(NamedTuple):
    """A part of a pattern as an automaton: sets of states, one bit each."""

    first: int  # where a match of the part may begin
    last: int  # where it may end
    empty: bool  # whether it matches the empty text


_NOTHING: Final = _Part(0, 0, empty=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Automaton:
    """One alternative of a pattern."""

    takes: tuple[Takes, ...]  # for each state, which characters lead to it
    follow: tuple[int, ...]  # for each state, the set of those that may come next
    whole: _Part
    from_start: bool
    to_end: bool
    ignore_case: bool
    # Steps of the past: set of states and character → the set that they lead to.
    _kept: dict[tuple[int, str], int] = field(default_factory=dict)

    def matches(self, text: str) -> bool:
        """Whether the alternative matches somewhere in the text, or where it is anchored."""
        if self.whole.empty and (not text or not (self.from_start and self.to_end)):
            return True
        states = 0
        for number, each in enumerate(text):
            states = self._step(states, each, begins=number == 0 or not self.from_start)
            if states & self.whole.last and not self.to_end:
                return True
        return bool(states & self.whole.last)

    def _step(self, states: int, each: str, *, begins: bool) -> int:
        # Bit 0 stands for the place before the first state: it has no state of its own.
        key = (states << 1 | begins, each)
        after = self._kept.get(key)
        if after is None:
            after = self._reached(states, each, begins=begins)
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            self._kept[key] = after
        return after

    def _reached(self, states: int, each: str, *, begins: bool) -> int:
        near = self.whole.first if begins else 0
        for state in _members(states):
            near |= self.follow[state]
        spellings = {each, each.lower(), each.upper()} if self.ignore_case else {each}
        reached = 0
        for state in _members(near):
            if any(self.takes[state](spelling) for spelling in spellings):
                reached |= 1 << state
        return reached


class Pattern:
    """A compiled regular expression; it says whether a text matches, as `re.search` would."""

    def __init__(self, pattern: str, *, ignore_case: bool = False) -> None:
        """Compile a pattern.

        Raises:
            BadInput: code `bad_pattern`.
        """
        self._automata = [
            _compiled(alternative, ignore_case=ignore_case) for alternative in parse(pattern)
        ]

    @property
    def states(self) -> int:
        """How many states it has; a text costs at most so many looks for each character."""
        return sum(len(automaton.takes) for automaton in self._automata)

    def matches(self, text: str) -> bool:
        """Whether the pattern matches somewhere in the text; never for a text over the limit."""
        return len(text) <= MAX_TEXT_CHARS and any(
            automaton.matches(text) for automaton in self._automata
        )


def _compiled(alternative: Alternative, *, ignore_case: bool) -> _Automaton:
    build = _Build()
    whole = build.part(alternative.node)
    return _Automaton(
        takes=tuple(build.takes),
        follow=tuple(build.follow),
        whole=whole,
        from_start=alternative.from_start,
        to_end=alternative.to_end,
        ignore_case=ignore_case,
    )


class _Build:
    """Numbers the states of an alternative, and says which may follow which."""

    def __init__(self) -> None:
        self.takes: list[Takes] = []
        self.follow: list[int] = []
        self._parts = 0

    def part(self, node: Node) -> _Part:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise _too_long()
        match node:
            case Character(takes):
                return self._character(takes)
            case Sequence(parts):
                whole = _NOTHING
                for each in parts:
                    whole = self._then(whole, self.part(each))
                return whole
            case Either(parts):
                each_part = [self.part(each) for each in parts]
                whole = each_part[0]
                for other in each_part[1:]:
                    whole = _either(whole, other)
                return whole
            case Repeat(part, least, most):
                return self._repeated(part, least, most)

    def _character(self, takes: Takes) -> _Part:
        if len(self.takes) == MAX_STATES:
            raise _too_long()
        self.takes.append(takes)
        self.follow.append(0)
        bit = 1 << (len(self.takes) - 1)
        return _Part(bit, bit, empty=False)

    def _then(self, one: _Part, two: _Part) -> _Part:
        for state in _members(one.last):
            self.follow[state] |= two.first
        return _Part(
            one.first | (two.first if one.empty else 0),
            two.last | (one.last if two.empty else 0),
            empty=one.empty and two.empty,
        )

    def _repeated(self, node: Node, least: int, most: int | None) -> _Part:
        whole = _NOTHING
        for _ in range(least if most is not None else max(least - 1, 0)):
            whole = self._then(whole, self.part(node))
        if most is None:
            again = self.part(node)
            self._then(again, again)
            return self._then(whole, again._replace(empty=again.empty or least == 0))
        # x{0,2} is (x(x)?)?, so that each x is reached by the one before it.
        for _ in range(most - least):
            whole = self._then(whole, self.part(node)._replace(empty=True))
        return whole


def _too_long() -> BadInput:
    return BadInput(
        f"the pattern is too long with its repeats written out: at most {MAX_STATES} characters",
        code="bad_pattern",
    )


def _either(one: _Part, two: _Part) -> _Part:
    return _Part(one.first | two.first, one.last | two.last, empty=one.empty or two.empty)


def _members(states: int) -> Iterator[int]:
    while states:
        lowest = states & -states
        yield lowest.bit_length() - 1
        states ^= lowest
