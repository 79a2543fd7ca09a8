"""The stand-in understands what Redshift understands, and nothing more."""

import pytest

from infra.local.redshift import dialect
from infra.local.redshift.client import QueryFailed
from tests.redshift_standin import RedshiftStandIn


def test_a_text_becomes_an_object_only_through_json_parse(redshift: RedshiftStandIn) -> None:
    """COPY into SUPER makes a string of it, which no query can look into."""
    redshift.query("CREATE TABLE s (p SUPER)")
    redshift.query("""INSERT INTO s SELECT JSON_PARSE('{"items":[{"sku":"CD-1"}],"n":1.5}')""")
    assert redshift.query("SELECT s.p.items[0].sku AS sku, s.p.n AS n FROM s") == [
        {"sku": '"CD-1"', "n": "1.5"}
    ]
    copy = redshift.stage("SELECT '{\"n\":1}' AS p", columns="p SUPER")
    with pytest.raises(QueryFailed, match="incompatible Parquet schema"):
        redshift.query(copy)
    redshift.query(copy + " SERIALIZETOJSON")
    assert redshift.query("SELECT t.p.n AS n FROM t") == [{"n": None}]


def test_bad_json_fails_the_statement(redshift: RedshiftStandIn) -> None:
    """JSON_PARSE has no lenient mode by default."""
    with pytest.raises(QueryFailed, match="JSON parsing error"):
        redshift.query("SELECT JSON_PARSE('{a')")


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SELECT NVL(NULL, 2) AS x", 2),
        ("SELECT DATEDIFF(day, '2026-11-20'::DATE, '2026-11-23'::DATE) AS x", 3),
        ("SELECT DATEADD(day, 1, '2026-11-20'::TIMESTAMP) AS x", "2026-11-21 00:00:00"),
        ("SELECT GETDATE() > '2026-01-01'::TIMESTAMP AS x", True),
        ("SELECT 'SUPER NVL SYSDATE' AS x", "SUPER NVL SYSDATE"),
        ("SELECT COUNT(*) AS x FROM svv_columns WHERE table_name = 'nope'", 0),
        ("SELECT 1.5::DECIMAL(4,2) AS x /* SUPER */ -- NVL", "1.50"),
    ],
)
def test_redshifts_own_words_are_understood(
    redshift: RedshiftStandIn, sql: str, value: object
) -> None:
    """Analysts' queries, and literals that only look like words of the dialect."""
    assert redshift.query(sql) == [{"x": value}]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t (id VARCHAR(MAX), p SUPER, d DOUBLE PRECISION) DISTSTYLE ALL",
        "CREATE TABLE t (id CHARACTER VARYING(9) ENCODE lzo DISTKEY SORTKEY, n INT8 DEFAULT 0)",
        "CREATE TABLE t (id INT REFERENCES other (id)) COMPOUND SORTKEY (id)",
        "CREATE TABLE t (LIKE base)",
        "CREATE TEMP TABLE t DISTKEY (id) SORTKEY (id) AS SELECT id FROM base",
        "CREATE TABLE IF NOT EXISTS t (id INT, FOREIGN KEY (id) REFERENCES base (id)) SORTKEY AUTO",
    ],
)
def test_tables_are_created_as_redshift_writes_them(redshift: RedshiftStandIn, sql: str) -> None:
    """Distribution, sorting and encoding have no meaning here, and must not be in the way."""
    redshift.query("CREATE TABLE base (id INT)")
    assert redshift.batch(sql, "SELECT * FROM t")["Status"] == "FINISHED"


def test_a_column_is_added_once(redshift: RedshiftStandIn) -> None:
    """There is no ADD COLUMN IF NOT EXISTS; a migration must live with the error."""
    redshift.query("CREATE TABLE t (id INT)")
    add = "ALTER TABLE t ADD COLUMN value VARCHAR(64) ENCODE zstd"
    redshift.query(add)
    with pytest.raises(QueryFailed, match='column "value" of relation already exists'):
        redshift.query(add)


@pytest.mark.parametrize(
    ("sql", "meaning"),
    [
        ("UNLOAD ('SELECT 1') TO 's3://x'", "not part of the local Redshift"),
        ("COMMIT", "the Data API's own business"),
        ("SELECT 1; SELECT 2", "multiple commands"),
        ("SELECT * FROM read_csv('/etc/hostname')", "ERROR"),
        ("SELEC 1", "syntax error"),
    ],
)
def test_what_is_not_redshift_is_refused_by_name(
    redshift: RedshiftStandIn, sql: str, meaning: str
) -> None:
    """A stand-in that took more than the real thing would pass what fails in the cloud."""
    with pytest.raises(QueryFailed, match=meaning):
        redshift.query(sql)


def test_tokens_split_only_outside_of_literals_and_comments() -> None:
    """The whole translation rests on it."""
    found = dialect.tokens("SELECT 'it''s SUPER' -- SUPER\n, \"a SUPER\"::SUPER")
    assert [token.text for token in found if token.kind != "space"] == [
        "SELECT",
        "'it''s SUPER'",
        ",",
        '"a SUPER"',
        "::",
        "SUPER",
    ]
