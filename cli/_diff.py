"""Unified diffs, coloured where a terminal shows them."""

import difflib
from collections.abc import Sequence
from typing import Final

from cli._terminal import Drawn, shown

_RED, _GREEN, _CYAN, _PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[36m", "\x1b[0m"
_NO_END: Final = "\\ No newline at end of file"
# By the first character of a line; `~` begins what a plan changes.
_COLOURS: Final = {"-": _RED, "+": _GREEN, "@": _CYAN, "~": _CYAN}


def unified(
    before: Sequence[str], after: Sequence[str], *, before_name: str, after_name: str
) -> list[str]:
    """The lines of a unified diff; none when both are equal."""
    diff = difflib.unified_diff(before, after, fromfile=before_name, tofile=after_name, lineterm="")
    return [line for lines in diff for line in lines.split("\n")]


def lines_of(text: str) -> list[str]:
    """The lines of a text, to compare; a last line without its end says so, as `diff` does."""
    *whole, rest = text.split("\n")
    return [*whole, f"{rest}\n{_NO_END}"] if rest else whole


def coloured(diff: Sequence[str]) -> list[str]:
    """The lines of a diff as a terminal shows them: what went away red, what came green."""
    return [
        Drawn(f"{_COLOURS[line[0]]}{shown(line)}{_PLAIN}") if line[:1] in _COLOURS else line
        for line in diff
    ]
