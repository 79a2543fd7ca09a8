"""The stand-in copies what Redshift copies, and refuses what it refuses."""

from collections.abc import Callable

import pytest

from infra.local.redshift.client import QueryFailed
from tests.redshift_standin import BUCKET, RedshiftStandIn


def test_copy_fills_columns_by_position(redshift: RedshiftStandIn) -> None:
    """Names in the file mean nothing to Redshift."""
    redshift.query(redshift.stage("SELECT 'a' AS other, 7::BIGINT AS names"))
    assert redshift.query("SELECT id, n FROM t") == [{"id": "a", "n": 7}]


def test_copy_with_a_column_list_fills_those(redshift: RedshiftStandIn) -> None:
    """How an old file meets a table that has grown."""
    copy = redshift.stage("SELECT 7::BIGINT AS x").replace("COPY t", "COPY t (n)")
    redshift.query(copy)
    assert redshift.query("SELECT id, n FROM t") == [{"id": None, "n": 7}]


@pytest.mark.parametrize(
    ("select", "meaning"),
    [
        ("SELECT 'a' AS id", "Table columns: 2, Data columns: 1"),
        ("SELECT 'a' AS id, 7::INT AS n", "incompatible Parquet schema for column 'n'"),
        ("SELECT 'too long for 8' AS id, 7::BIGINT AS n", "Value too long"),
    ],
)
def test_copy_refuses_a_file_of_another_shape(
    redshift: RedshiftStandIn, select: str, meaning: str
) -> None:
    """No cast, no cut: the whole COPY fails."""
    with pytest.raises(QueryFailed, match=meaning):
        redshift.query(redshift.stage(select))
    assert redshift.count() == 0


def _without_meta(redshift: RedshiftStandIn) -> None:
    redshift.manifest(None)


def _with_a_wrong_length(redshift: RedshiftStandIn) -> None:
    redshift.manifest({"content_length": 1})


def _with_a_missing_file(redshift: RedshiftStandIn) -> None:
    redshift.manifest({"content_length": 1}, key="nope.parquet")


def _without_itself(redshift: RedshiftStandIn) -> None:
    redshift.s3.delete_object(Bucket=BUCKET, Key="m.json")


@pytest.mark.parametrize(
    ("meddle", "meaning"),
    [
        (_without_meta, "File entry does not have 'meta' key"),
        (_with_a_wrong_length, "its manifest entry says 1"),
        (_with_a_missing_file, "Mandatory url is not present"),
        (_without_itself, "Problem reading manifest file"),
    ],
)
def test_copy_refuses_a_manifest_that_does_not_hold(
    redshift: RedshiftStandIn, meddle: Callable[[RedshiftStandIn], None], meaning: str
) -> None:
    """Each of these would load fewer rows than were staged."""
    copy = redshift.stage("SELECT 'a' AS id, 7::BIGINT AS n")
    meddle(redshift)
    with pytest.raises(QueryFailed, match=meaning):
        redshift.query(copy)


def test_copy_skips_a_missing_file_that_is_not_mandatory(redshift: RedshiftStandIn) -> None:
    """Redshift's default, and the reason why ours are mandatory."""
    copy = redshift.stage("SELECT 'a' AS id, 7::BIGINT AS n")
    redshift.manifest({"content_length": 1}, key="nope.parquet", mandatory=None)
    redshift.query(copy)
    assert redshift.count() == 0


def test_copy_refuses_what_is_no_parquet_file(redshift: RedshiftStandIn) -> None:
    """Half an upload has the right length in its own manifest."""
    copy = redshift.stage("SELECT 'a' AS id, 7::BIGINT AS n")
    redshift.s3.put_object(Bucket=BUCKET, Key="x.parquet", Body=b"PAR1 half")
    redshift.manifest({"content_length": 9})
    with pytest.raises(QueryFailed, match="Spectrum Scan Error"):
        redshift.query(copy)


@pytest.mark.parametrize("option", ["MAXERROR", "ACCEPTANYDATE"])
def test_copy_refuses_options_that_parquet_does_not_take(
    redshift: RedshiftStandIn, option: str
) -> None:
    """Only a few options exist for columnar files."""
    with pytest.raises(QueryFailed, match="not supported for PARQUET"):
        redshift.query(redshift.stage("SELECT 'a' AS id, 7::BIGINT AS n") + f" {option}")
