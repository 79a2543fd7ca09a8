"""Reads and tries wildcards, and looks up thousands of them in one pass over a text."""

from collections.abc import Mapping, Sequence
from typing import Final

from runtime.core.matching.text_tables import Affixes

MAX_LITERALS: Final = 4  # of one wildcard in the lookup; trying the wildcard checks the others


def split(wildcard: str) -> list[str]:
    """The parts before, between and after the asterisks, with escapes resolved.

    Raises:
        ValueError: two asterisks stand in a row, or a backslash stands before another character
            than an asterisk or a backslash.
    """
    parts = [""]
    characters = iter(wildcard)
    asterisk = False
    for character in characters:
        if character == "*":
            if asterisk:
                raise ValueError("two wildcards in a row")
            parts.append("")
        elif character == "\\":
            escaped = next(characters, "")
            if escaped not in ("*", "\\"):
                raise ValueError("a backslash may stand before * or \\ only")
            parts[-1] += escaped
        else:
            parts[-1] += character
        asterisk = character == "*"
    return parts


def fits(text: str, parts: Sequence[str]) -> bool:
    """Whether the text consists of these parts, with any text between them."""
    # A regular expression could take years for `*a*a*a*b`. The leftmost fit of each part is always
    # right, so one pass suffices.
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        return text == first
    end = len(text) - len(last)
    start = len(first)
    if end < start or not (text.startswith(first) and text.endswith(last)):
        return False
    for part in parts[1:-1]:
        at = text.find(part, start, end)
        if at < 0:
            return False
        start = at + len(part)
    return True


class WildcardTable:
    """Filters by the wildcards that they name; its answers are exact.

    A wildcard is tried only on a text that has its beginning, its end and its longest literals.
    A set of wildcards is an integer with one bit for each, as a set of filters is.
    """

    def __init__(self, filters: Mapping[str, int]) -> None:
        self._wildcards = [(split(wildcard), bits) for wildcard, bits in filters.items()]
        self._starts, self._ends = Affixes(), Affixes()
        self._any_start, self._any_end = 0, 0  # wildcards that begin, or end, with an asterisk
        self._with_literals = 0  # wildcards with literals in the middle
        inner: list[list[str]] = []
        for number, (parts, _) in enumerate(self._wildcards):
            bit = 1 << number
            if not self._starts.add("prefix", parts[0], bit):
                self._any_start |= bit
            if not self._ends.add("suffix", parts[-1], bit):
                self._any_end |= bit
            if parts[1:-1]:
                self._with_literals |= bit
            inner.append(sorted(set(parts[1:-1]), key=len, reverse=True)[:MAX_LITERALS])
        self._contained = _Contained(inner)

    def find(self, text: str) -> int:
        """The filters that name a wildcard that fits the text."""
        candidates = self._any_start | self._starts.find(text)
        if candidates:
            candidates &= self._any_end | self._ends.find(text)
        if candidates & self._with_literals:
            candidates = self._contained.among(candidates, text)
        matches = 0
        while candidates:
            number = candidates.bit_length() - 1
            candidates ^= 1 << number
            parts, bits = self._wildcards[number]
            if fits(text, parts):
                matches |= bits
        return matches


class _Contained:
    """Wildcards by the literals that a text must contain."""

    def __init__(self, literals: Sequence[Sequence[str]]) -> None:
        self._numbers: dict[str, int] = {}  # literal → its number
        # The n-th entries are about the n-th literal of each wildcard: the wildcards that have no
        # n-th literal, and a table from a literal's number to the wildcards that have it there.
        self._without = [0] * MAX_LITERALS
        self._with: list[dict[int, int]] = [{} for _ in range(MAX_LITERALS)]
        for wildcard, each in enumerate(literals):
            bit = 1 << wildcard
            for nth in range(MAX_LITERALS):
                if nth >= len(each):
                    self._without[nth] |= bit
                    continue
                number = self._numbers.setdefault(each[nth], len(self._numbers))
                self._with[nth][number] = self._with[nth].get(number, 0) | bit
        self._automaton = _Automaton(self._numbers)

    def among(self, candidates: int, text: str) -> int:
        """The candidates whose literals the text contains."""
        contained = self._automaton.contained(text)
        for without, table in zip(self._without, self._with, strict=True):
            here = without
            for number in contained:
                here |= table.get(number, 0)
            candidates &= here
        return candidates


class _Automaton:
    """Finds all literals that a text contains in one pass (the Aho-Corasick algorithm).

    A state stands for the beginning of a literal; state 0 is the empty beginning. A character that
    extends the beginning leads to the next state. Any other leads back to the state of the longest
    end of the text so far that begins a literal.
    """

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._next: list[dict[str, int]] = [{}]
        self._literal = [-1]  # state → the literal that ends there, or -1
        for literal, number in numbers.items():
            self._add(literal, number)
        # State → the state of its longest proper end that begins a literal.
        self._back = [0] * len(self._next)
        # State → the nearest state on the way back where a literal ends, or 0.
        self._shorter = [0] * len(self._next)
        self._link()

    def contained(self, text: str) -> set[int]:
        """The numbers of the literals that the text contains."""
        step, back, literal, shorter = self._next, self._back, self._literal, self._shorter
        literals: set[int] = set()
        state = 0
        for character in text:
            while state and character not in step[state]:
                state = back[state]
            state = step[state].get(character, 0)
            ending = state if literal[state] >= 0 else shorter[state]
            # The walk back stops at a literal that is in the set: the shorter ones are in it, too.
            while ending and literal[ending] not in literals:
                literals.add(literal[ending])
                ending = shorter[ending]
        return literals

    def _add(self, literal: str, number: int) -> None:
        state = 0
        for character in literal:
            if character not in self._next[state]:
                self._next[state][character] = len(self._next)
                self._next.append({})
                self._literal.append(-1)
            state = self._next[state][character]
        self._literal[state] = number

    def _link(self) -> None:
        waiting = list(self._next[0].values())
        for state in waiting:  # the list grows in the loop: short beginnings come before long ones
            for character, after in self._next[state].items():
                waiting.append(after)
                back = self._back[state]
                while back and character not in self._next[back]:
                    back = self._back[back]
                target = self._next[back].get(character, 0)
                self._back[after] = target
                ends = self._literal[target] >= 0
                self._shorter[after] = target if ends else self._shorter[target]
