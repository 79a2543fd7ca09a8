"""Finds the records of a CSV or JSONL file in any piece of it, without reading what comes before.

A record ends with a newline that stands in no quoted field. Delimiters, quotes and newlines are
ASCII, and UTF-8 uses no ASCII byte for anything else, so records are found in bytes, and each is
decoded by itself: a bad byte spoils one record.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runtime.errors import BadInput

# A profile has 256 KB at most. It is also the longest field that the reader of CSV takes.
MAX_RECORD_BYTES: Final = 128 * 1024
PIECE_BYTES: Final = 2 * MAX_RECORD_BYTES  # so that each piece holds a whole record of any size
_BOM: Final = b"\xef\xbb\xbf"
# What files in other encodings begin with; spreadsheets call the first two "Unicode text".
_OTHER_BOMS: Final = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record of a file."""

    data: bytes  # without the end of its last line
    line: int  # of the file, from 1, on which it begins
    next_line: int  # on which the next record begins
    end: int  # bytes of the piece up to and with its end; the next record begins there

    @property
    def is_blank(self) -> bool:
        """Whether it is an empty line, which is no record of anything."""
        return not self.data

    def text(self) -> str:
        """The record as text.

        Raises:
            BadInput: code `bad_encoding`, `nul` or `record_too_large`.
        """
        if len(self.data) > MAX_RECORD_BYTES:
            raise BadInput(f"has more than {MAX_RECORD_BYTES} bytes", code="record_too_large")
        try:
            text = self.data.decode()
        except UnicodeDecodeError as problem:
            raise BadInput(
                f"is not UTF-8: {problem.reason} at byte {problem.start + 1} of the record",
                code="bad_encoding",
            ) from problem
        if "\x00" in text:
            raise BadInput("holds a NUL, which no text has", code="nul")
        return text


def skip_bom(piece: bytes) -> int:
    """How many bytes at the beginning of a file are its byte order mark.

    Raises:
        BadInput: code `bad_encoding`: it is the mark of another encoding than UTF-8.
    """
    for mark, encoding in _OTHER_BOMS.items():
        if piece.startswith(mark):
            raise BadInput(f"the file is {encoding}; save it as UTF-8", code="bad_encoding")
    return len(_BOM) if piece.startswith(_BOM) else 0


def records(
    piece: bytes, *, start: int = 0, line: int, delimiter: str | None, is_last: bool
) -> Iterator[Record]:
    """The records that the piece holds whole.

    Args:
        piece: bytes of the file.
        start: where in the piece the first record begins.
        line: the line of the file on which it begins, from 1.
        delimiter: what stands between two fields of a CSV; None for JSONL, whose records are lines.
        is_last: whether the file ends with this piece.
    """
    while start < len(piece):
        newline = _end(piece, start, None if delimiter is None else delimiter.encode())
        if newline is None and not is_last:
            return
        end = len(piece) if newline is None else newline + 1
        data = piece[start : end if newline is None else newline]
        next_line = line + piece.count(b"\n", start, end)
        yield Record(data=data.removesuffix(b"\r"), line=line, next_line=next_line, end=end)
        start, line = end, next_line


def _end(piece: bytes, start: int, delimiter: bytes | None) -> int | None:
    """Where the newline stands that ends the record; None when the piece does not hold it."""
    newline = piece.find(b"\n", start)
    if delimiter is None or piece.find(b'"', start, newline if newline >= 0 else None) < 0:
        return None if newline < 0 else newline  # as nearly all records: it has no quote
    field = start
    while True:
        if piece.startswith(b'"', field):
            closing = _closing(piece, field + 1)
            if closing is None:
                return None
            field = closing + 1
        newline = piece.find(b"\n", field)
        if newline < 0:
            return None
        between = piece.find(delimiter, field, newline)
        if between < 0:
            return newline
        field = between + 1


def _closing(piece: bytes, start: int) -> int | None:
    """Where the quote stands that closes a field; two quotes in a row stand for one in the text."""
    while True:
        quote = piece.find(b'"', start)
        if quote < 0:
            return None
        if not piece.startswith(b'"', quote + 1):
            return quote
        start = quote + 2
