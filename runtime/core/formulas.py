"""Keeps a text of a CSV from being run by a spreadsheet, and gives the text back.

A spreadsheet takes a cell that begins with one of `= + - @`, a tab or a carriage return for a
formula, and a formula can send a neighbour's cells to somebody. With an apostrophe before it the
cell is text. `escaped` writes that apostrophe and `unescaped` takes it away, so a file that we have
written is read as it was.
https://owasp.org/www-community/attacks/CSV_Injection
"""

import re
from typing import Final

# With any apostrophes before it, so that a text which looks escaped by itself survives the way.
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED: Final = re.compile(r"''*[=+\-@\t\r]")


def escaped(text: str) -> str:
    """The text as a cell that no spreadsheet runs."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescaped(cell: str) -> str:
    """The text that `escaped` has made this cell of; a cell that it has not made stays as it is."""
    return cell[1:] if _ESCAPED.match(cell) else cell
