"""What a terminal is shown beyond plain lines: tables that fit its width, and colours.

`rich` draws them. It is imported when something is drawn on a terminal, and never for a pipe.
"""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_DUMB: Final = frozenset({"dumb", "unknown"})  # values of TERM: terminals that obey no commands
_GAP: Final = 2  # blanks between two columns
_GREEN: Final = ("active", "closed", "committed", "delivered", "done", "matched", "ok", "returned")
_RED: Final = ("dead", "failed", "out_of_memory", "raised", "refused", "timed_out", "unknown")
_YELLOW: Final = (
    "half_dead",
    "open",
    "pending",
    "retry",
    "running",
    "started",
    "waiting",
    "warning",
)
_DIM: Final = ("cancelled", "disabled", "dropped", "filtered", "none", "skipped", "stopped")
# How a terminal shows the words of a status, and the fields that have such words. What somebody
# has called `dead` in a name is no status.
_STYLES: Final[Mapping[str, str]] = {
    **dict.fromkeys(_GREEN, "green"),
    **dict.fromkeys(_RED, "red"),
    **dict.fromkeys(_YELLOW, "yellow"),
    **dict.fromkeys(_DIM, "dim"),
}
_STATUS_FIELDS: Final = frozenset({"outcome", "phase", "state", "status", "verdict"})
# Everything that a terminal would obey, colours too: these texts are other people's.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def is_terminal(stream: TextIO) -> bool:
    """Whether a stream is read by a terminal that obeys commands, or `FORCE_COLOR` says so.

    `TERM=dumb` is a terminal that does not.
    """
    if os.environ.get("TERM", "").lower() in _DUMB:
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def has_colours() -> bool:
    """Whether standard output shows colours: a terminal does, unless NO_COLOR is set.

    https://no-color.org/
    """
    return is_terminal(sys.stdout) and not os.environ.get("NO_COLOR")


def console(stream: TextIO, *, width: int | None = None) -> "Console":
    """What draws on a stream; it takes every text as it is, and looks for no markup in it."""
    from rich.console import Console

    return Console(
        file=stream, width=width, markup=False, highlight=False, emoji=False, legacy_windows=False
    )


class Drawn(str):
    """A line with colours of ours, in which other people's texts are escaped already."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table."""

    name: str
    cells: Sequence[str]

    @property
    def folds(self) -> bool:
        """Whether its texts may be folded, at blanks. Ids and URLs, which one copies, have none."""
        return any(" " in cell for cell in self.cells)

    @property
    def least(self) -> int:
        """The least width, in characters, that breaks no word."""
        from rich.cells import cell_len

        words = (word for cell in self.cells for word in cell.split())
        whole = words if self.folds else (line for cell in self.cells for line in cell.split("\n"))
        return max(map(cell_len, (self.name, *map(shown, whole))))


def draw_table(columns: Sequence[Column]) -> None:
    """Draw a table with a header on standard output.

    Texts with blanks are folded until it fits the width of the terminal. If that is not enough, the
    terminal breaks the lines itself: a part of an id is never left out.
    """
    from rich.table import Table

    drawn = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for column in columns:
        drawn.add_column(
            column.name, no_wrap=not column.folds, overflow="fold", min_width=column.least
        )
    for row in zip(*(column.cells for column in columns), strict=True):
        names = (column.name for column in columns)
        drawn.add_row(*(_styled(name, cell) for name, cell in zip(names, row, strict=True)))
    least = sum(column.least for column in columns) + _GAP * len(columns)
    plain = console(sys.stdout)
    (plain if plain.width >= least else console(sys.stdout, width=least)).print(drawn)


def draw_record(fields: Mapping[str, str]) -> None:
    """Draw the fields of one thing on standard output, one below the other; none is folded."""
    from rich.text import Text

    width = max(map(len, fields), default=0)
    out = console(sys.stdout)
    for name, value in fields.items():
        line = Text.assemble((f"{shown(name).ljust(width)}  ", "bold"), _styled(name, value))
        out.print(line, soft_wrap=True)


def _styled(field: str, cell: str) -> "Text":
    from rich.text import Text

    return Text(shown(cell), style=_STYLES.get(cell, "") if field in _STATUS_FIELDS else "")


def shown(text: str) -> str:
    """The text with an escape for each character that a terminal would obey."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
