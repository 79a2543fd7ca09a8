"""What each vendor is told is SQL of that vendor, and what a person has read.

The vendors that have no server here are judged by a parser of their dialect, and by nothing else.
"""

import pytest
import sqlglot
from sqlglot import exp

from tests import golden_sql

PARSED_AS = {"synapse": "tsql"}  # the parser's name for a dialect; else the vendor's own
TRIED_FOR_REAL = {"postgresql"}  # by tests/flows/warehouse/test_postgresql.py
# What the parser takes for a command of which it knows no more than the first word.
UNPARSED = {"redshift": ("LOCK", "COPY"), "bigquery": ("LOAD",)}


@pytest.mark.parametrize("vendor", sorted(golden_sql.DIALECTS.keys() - TRIED_FOR_REAL))
def test_every_statement_is_one_of_the_vendors_dialect(vendor: str) -> None:
    """A word of another vendor would fail at the first load of a customer, and nowhere before."""
    dialect = golden_sql.DIALECTS[vendor]
    for statement in golden_sql.every_statement(dialect):
        if statement.split()[0] in UNPARSED.get(vendor, ()):
            continue
        read = PARSED_AS.get(vendor, vendor)
        (parsed,) = sqlglot.parse(statement, read=read, error_level=sqlglot.ErrorLevel.RAISE)
        assert parsed is not None
        assert not isinstance(parsed, exp.Command), statement


@pytest.mark.parametrize("vendor", golden_sql.DIALECTS)
def test_the_statements_of_a_load_are_those_that_were_read(vendor: str) -> None:
    """Whoever changes the order or a word sees what it means for each vendor.

    `python -m tests.golden_sql` writes the files anew.
    """
    golden = (golden_sql.FOLDER / f"{vendor}.sql").read_text(encoding="utf-8")
    assert golden == golden_sql.shown(golden_sql.DIALECTS[vendor])
