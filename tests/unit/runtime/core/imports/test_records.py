"""Records of a file, found in any piece of it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.imports import profile_import as imports
from runtime.core.imports import records as files
from runtime.core.imports.records import MAX_RECORD_BYTES, Record
from runtime.errors import BadInput

# What makes a record hard to find: quotes, delimiters, newlines, and letters of several bytes.
CELL = st.text('",;\n\r ab"ü😀', max_size=6)
TABLE = st.lists(st.lists(CELL, min_size=2, max_size=4), min_size=1, max_size=8)


def by_pieces(data: bytes, *, size: int, delimiter: str | None = ",") -> list[Record]:
    """All records of a file that is read in pieces, each from where the last record ended."""
    found: list[Record] = []
    offset, line = 0, 1
    while offset < len(data):
        piece = data[offset : offset + size]
        is_last = offset + len(piece) >= len(data)
        every = list(files.records(piece, line=line, delimiter=delimiter, is_last=is_last))
        if not every:  # no whole record fits
            size *= 2
            continue
        found += every
        offset, line = offset + every[-1].end, every[-1].next_line
    return found


@given(TABLE, st.sampled_from(",;"), st.sampled_from(["\n", "\r\n"]), st.integers(1, 40))
def test_every_table_that_pythons_writer_writes_is_read_as_it_was(
    table: list[list[str]], delimiter: str, end: str, size: int
) -> None:
    """In pieces of any size, so that a kill at any record loses and doubles nothing."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(
        table
    )
    data = text.getvalue().encode()

    every = by_pieces(data, size=size, delimiter=delimiter)

    assert table == [imports.cells(record, delimiter=delimiter) for record in every]
    lines = data.count(b"\n") + 1
    assert [1, *(each.next_line for each in every)] == [*(each.line for each in every), lines]


@given(st.binary(max_size=200), st.sampled_from([",", None]), st.integers(1, 30))
def test_any_bytes_make_the_same_records_in_one_piece_and_in_many(
    data: bytes, delimiter: str | None, size: int
) -> None:
    """No byte is lost or belongs to two records, whatever the file is."""
    whole = list(files.records(data, line=1, delimiter=delimiter, is_last=True))

    pieces = by_pieces(data, size=size, delimiter=delimiter)

    assert [(each.data, each.line) for each in whole] == [(each.data, each.line) for each in pieces]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a,b\n", [["a", "b"]]),
        (b"a,b", [["a", "b"]]),
        (b"a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]),
        (b'"a\nb",c\nd,e\n', [["a\nb", "c"], ["d", "e"]]),
        (b'"say ""hi"", you",c\n', [['say "hi", you', "c"]]),
        (b'5" pipe,c\n', [['5" pipe', "c"]]),
        (b"a,=cmd|x!A1\n", [["a", "=cmd|x!A1"]]),
    ],
)
def test_records_are_read_as_rfc_4180_and_spreadsheets_write_them(
    data: bytes, expected: list[list[str]]
) -> None:
    """A formula is a text like any other."""
    every = files.records(data, line=1, delimiter=",", is_last=True)

    assert expected == [imports.cells(record, delimiter=",") for record in every]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"a,\x00b\n", "nul"),
        (b"caf\xe9,b\n", "bad_encoding"),
        (b"\xed\xa0\x80,b\n", "bad_encoding"),
        (b'"a"b,c\n', "bad_csv"),
        (b'"never closed,c\n', "bad_csv"),
        (b"old,mac\rnew,line\n", "bad_csv"),
        (b"x" * (MAX_RECORD_BYTES + 1), "record_too_large"),
    ],
)
def test_a_record_that_is_none_is_refused_by_itself(data: bytes, code: str) -> None:
    """Its neighbours are read all the same."""
    [record] = files.records(data, line=1, delimiter=",", is_last=True)
    with pytest.raises(BadInput) as refusal:
        imports.cells(record, delimiter=",")

    assert code == refusal.value.code


def test_a_byte_order_mark_is_skipped_and_that_of_another_encoding_refused() -> None:
    """Spreadsheets write the one; the other would make a garbage of every name."""
    assert 3 == files.skip_bom("\ufeffemail\n".encode())
    assert 0 == files.skip_bom(b"email\n")
    for encoding in ("utf-16", "utf-32"):
        with pytest.raises(BadInput, match=encoding.upper()):
            files.skip_bom("email\n".encode(encoding))
