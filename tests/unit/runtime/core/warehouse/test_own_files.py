"""Which files in a bucket of a tenant's own are ours, and what their manifests say of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.warehouse import manifest, own_files, tables
from runtime.core.warehouse.manifest import Entry, Manifest
from runtime.core.warehouse.own_files import OwnFile

_FILES = st.builds(
    OwnFile,
    table=st.sampled_from(sorted(tables.BY_NAME)),
    day=st.dates().map(str),
    load_id=st.text("0123456789abcdef", min_size=32, max_size=32),
)
_ENTRIES = st.builds(
    Entry,
    key=st.sampled_from(["a", "b", "c"]),
    table=st.just("events"),
    day=st.just("2026-11-20"),
    rows=st.integers(0, 9),
    size_bytes=st.integers(0, 9),
)


@given(file=_FILES, prefix=st.sampled_from(["", "shop/", "a/b/"]))
def test_a_file_is_known_by_its_key(file: OwnFile, prefix: str) -> None:
    """An erasure has nothing else to tell our files by."""
    assert file == own_files.of_key(f"{prefix}{file.path}", prefix=prefix)


@pytest.mark.parametrize(
    "key",
    [
        f"events/dt=2026-11-20/{'0' * 32}.parquet",  # not below the prefix
        f"shop/orders/dt=2026-11-20/{'0' * 32}.parquet",
        "shop/events/dt=2026-11-20/part-0.parquet",
        f"shop/events/dt=2026-11-20/more/{'0' * 32}.parquet",
        f"shop/events/{'0' * 32}.parquet",
        f"shop/_manifests/{'0' * 32}.json",
    ],
)
def test_a_key_that_no_load_makes_is_none_of_ours(key: str) -> None:
    """The bucket is the tenant's, and so is what else stands in it."""
    assert own_files.of_key(key, prefix="shop/") is None


@given(files=st.lists(_ENTRIES), rows=st.integers(0, 9), size_bytes=st.integers(0, 9))
def test_a_manifest_says_what_is_left_of_one_file_and_keeps_the_others(
    files: list[Entry], rows: int, size_bytes: int
) -> None:
    """What is stored is read again as it was."""
    before = Manifest(load_id="l", versions="3.1", files=tuple(files))
    after = before.with_file("a", rows=rows, size_bytes=size_bytes)

    assert manifest.parse(after.to_json()) == after
    assert [each.key for each in files] == [each.key for each in after.files]
    for old, new in zip(files, after.files, strict=True):
        assert (rows, size_bytes) == (new.rows, new.size_bytes) if old.key == "a" else old == new


@pytest.mark.parametrize("text", [b"", b"\xff", b"[]", b"{}", b'{"load_id": 1, "files": [{}]}'])
def test_what_is_no_manifest_is_left_alone(text: bytes) -> None:
    """Its owner may have put anything there."""
    assert manifest.parse(text) is None


def test_a_file_of_several_loads_names_none_of_them_by_its_key() -> None:
    """A load's file is called after the load; what compaction makes is not."""
    folder = "lake/v1/acme/syn_1/events/dt=2026-11-20"
    assert manifest.load_of(f"{folder}/{'0' * 32}.parquet") == "0" * 32
    assert manifest.load_of(f"{folder}/c-{'0' * 32}.parquet") is None
    assert manifest.in_lake(f"{folder}/c-1.parquet") == "lake/v1/acme/syn_1/_manifests/c-1.json"
