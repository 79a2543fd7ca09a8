r"""Reads regular expressions of the subset that an automaton can match in linear time.

Read are characters, `.`, classes, \d \w \s and their opposites, groups, `|`, `* + ? {m,n}`, and `^`
and `$` at the two ends of the pattern or of one of its outermost alternatives. Refused is what only
backtracking can match (references back, looking around) or what hides which text is meant.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from runtime.errors import BadInput

MAX_PATTERN_CHARS: Final = 256
MAX_REPEATS: Final = 100  # in {m,n}
MAX_DEPTH: Final = 20  # of groups in groups

Takes: TypeAlias = Callable[[str], bool]  # whether a place in the pattern takes a character


@dataclass(frozen=True, slots=True)
class Character:
    """One character of the text."""

    takes: Takes


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other; with no parts it is the empty text."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    """One of several."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same again and again."""

    part: "Node"
    least: int
    most: int | None  # None: as often as there is


Node: TypeAlias = Character | Sequence | Either | Repeat


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One of the outermost alternatives of a pattern."""

    node: Node
    from_start: bool  # it begins with `^`
    to_end: bool  # it ends with `$`


def _named(name: str) -> Takes:
    rule = re.compile(rf"\{name}")
    return lambda each: rule.fullmatch(each) is not None


# The same digits, letters and spaces as those of `re`.
_NAMED: Final = {name: _named(name) for name in "dDwWsS"}
_CONTROLS: Final = {"t": "\t", "n": "\n", "r": "\r"}
_LITERALS: Final = frozenset(r"\.^$*+?{}[]()|/-#&~@!%=:;,<>'\"` _")
_COUNTS: Final = re.compile(r"\{([0-9]{1,4})(,([0-9]{1,4})?)?\}")


def parse(pattern: str) -> tuple[Alternative, ...]:
    """The outermost alternatives of a pattern.

    Raises:
        BadInput: code `bad_pattern`, with what is wrong and at which character.
    """
    if not 0 < len(pattern) <= MAX_PATTERN_CHARS:
        raise BadInput(f"a pattern has 1 to {MAX_PATTERN_CHARS} characters", code="bad_pattern")
    return _Reader(pattern).alternatives()


class _Reader:
    """Reads a pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0  # the next character
        self._depth = 0  # how many groups are open

    def alternatives(self) -> tuple[Alternative, ...]:
        read = [self._alternative()]
        while self._skip("|"):
            read.append(self._alternative())
        if self._at < len(self._pattern):
            raise self._refusal("this ) closes no group")
        return tuple(read)

    def _alternative(self) -> Alternative:
        from_start = self._skip("^")
        node = self._sequence()
        to_end = self._skip("$")
        if self._next not in ("", "|", ")"):
            raise self._refusal("$ can only end the pattern or one of its outermost alternatives")
        return Alternative(node=node, from_start=from_start, to_end=to_end)

    def _either(self) -> Node:
        parts = [self._sequence()]
        while self._skip("|"):
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._next not in ("", "|", ")", "$"):
            parts.append(self._repeated(self._atom()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeated(self, part: Node) -> Node:
        counts = self._counts()
        if counts is None:
            return part
        if self._skip("+"):
            raise self._refusal("possessive repeats are not supported")
        self._skip("?")  # a lazy repeat takes other text, and matches the same texts
        if self._next in ("*", "+", "?") or _COUNTS.match(self._pattern, self._at):
            raise self._refusal("there is nothing to repeat; put what repeats in ( )")
        return Repeat(part, *counts)

    def _counts(self) -> tuple[int, int | None] | None:
        for sign, counts in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._skip(sign):
                return counts
        if self._next != "{":
            return None
        match = _COUNTS.match(self._pattern, self._at)
        if match is None:
            raise self._refusal(r"write {3}, {2,}, {2,5}, or \{ for the character itself")
        least = int(match[1])
        most = least if match[2] is None else None if match[3] is None else int(match[3])
        if max(least, most or 0) > MAX_REPEATS or (most is not None and most < least):
            raise self._refusal(f"{{m,n}} needs m ≤ n ≤ {MAX_REPEATS}")
        self._at = match.end()
        return least, most

    def _atom(self) -> Node:
        sign = self._take()
        match sign:
            case "(":
                return self._group()
            case "[":
                return Character(self._class())
            case "\\":
                return Character(self._escaped())
            case ".":
                return Character("\n".__ne__)
            case "*" | "+" | "?" | "{":
                self._at -= 1
                raise self._refusal(rf"there is nothing to repeat; write \{sign} for the character")
            case "^":
                self._at -= 1
                raise self._refusal(
                    "^ can only begin the pattern or one of its outermost alternatives"
                )
            case _:
                return Character(sign.__eq__)

    def _group(self) -> Node:
        if self._skip("?") and not self._skip(":"):
            raise self._refusal("only ( ) and (?: ) are supported: nothing looks around or refers")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._refusal(f"at most {MAX_DEPTH} groups in each other")
        node = self._either()
        if self._next == "$":
            raise self._refusal("$ can only end the pattern or one of its outermost alternatives")
        if not self._skip(")"):
            raise self._refusal("a group is not closed")
        self._depth -= 1
        return node

    def _escaped(self) -> Takes:
        sign = self._take()
        return _NAMED.get(sign) or self._literal(sign).__eq__

    def _literal(self, sign: str) -> str:
        if sign in _CONTROLS:
            return _CONTROLS[sign]
        if sign not in _LITERALS:
            self._at -= len(sign)
            raise self._refusal(rf"\{sign} is not supported")
        return sign

    def _class(self) -> Takes:
        negated = self._skip("^")
        members: list[Takes] = []
        while not members or self._next != "]":
            members.append(self._member())
        self._skip("]")
        if negated:
            return lambda each: not any(takes(each) for takes in members)
        return lambda each: any(takes(each) for takes in members)

    def _member(self) -> Takes:
        first = self._take()
        if first == "\\":
            sign = self._take()
            if sign in _NAMED:
                return _NAMED[sign]
            first = self._literal(sign)
        elif first == "[":
            self._at -= 1
            raise self._refusal(r"write \[ for the character itself")
        if self._next != "-" or self._pattern[self._at + 1 : self._at + 2] in ("]", ""):
            return first.__eq__
        self._at += 1
        last = self._take()
        if last == "\\":
            last = self._literal(self._take())
        if last < first:
            raise self._refusal(f"{first}-{last} is no range")
        return lambda each: first <= each <= last

    @property
    def _next(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _skip(self, sign: str) -> bool:
        if self._next != sign:
            return False
        self._at += 1
        return True

    def _take(self) -> str:
        sign = self._next
        if not sign:
            raise self._refusal("the pattern ends too early")
        self._at += 1
        return sign

    def _refusal(self, reason: str) -> BadInput:
        return BadInput(f"{reason} (at character {self._at + 1})", code="bad_pattern")
