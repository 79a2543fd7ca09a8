"""Records survive their table."""

import base64
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.functions.function import Engine
from runtime.core.functions.run import Run
from runtime.stores.tables import codec, config
from tests.builders import (
    a_delivery,
    a_function,
    a_profile,
    a_run,
    a_version,
    a_webhook,
)

NEW = {"engine", "isolation"}  # attributes of records since a function can choose its engine
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abé\0"), inner),
    max_leaves=20,
)


@given(JSON.filter(lambda value: value is not None), st.floats(0, 1e6))
def test_any_output_comes_back_as_it_was(output: Any, duration_ms: float) -> None:
    """DynamoDB's own numbers would lose 1e300, and 1.0 beside 1."""
    run = a_run(output=output, duration_ms=duration_ms)

    again = codec.run(codec.encode(run))

    assert (run, repr(output)) == (again, repr(again.output))


@given(st.dictionaries(st.text("xyz", min_size=1), JSON))
def test_a_profile_comes_back_through_its_stream(properties: dict[str, Any]) -> None:
    """The stream hands bytes over as base64; the warehouse must not notice."""
    profile = a_profile(properties={**properties, "long": "x" * 5000})
    image = {
        name: {"B": base64.b64encode(held["B"]).decode()} if "B" in held else held
        for name, held in codec.encode(profile).items()
    }

    assert profile == codec.profile(codec.from_stream(image))


def test_long_texts_are_compressed_and_short_ones_readable() -> None:
    """An item is billed by the kilobyte, and read by people in the console."""
    item = codec.encode(a_delivery(body="x" * 100_000, topic="metric.x"))

    assert (["B"], {"S": "metric.x"}) == (list(item["body"]), item["topic"])
    assert len(item["body"]["B"]) < 1_000


def test_an_attribute_of_a_newer_version_is_left_out() -> None:
    """Old code must be able to read on after a rollback."""
    item = {**codec.encode(a_run()), "invented_later": {"S": "x"}}

    assert isinstance(codec.run(item), Run)


def test_what_was_stored_before_engines_is_read_as_it_was_meant() -> None:
    """A version from then was checked as `restricted`, and must go on as that."""
    version, run, function = (
        {name: held for name, held in codec.encode(record).items() if name not in NEW}
        for record in (a_version(), a_run(), a_function())
    )

    assert Engine.RESTRICTED is codec.function_version(version).engine
    assert (None, None) == (codec.run(run).engine, codec.run(run).isolation)
    assert a_function() == codec.function(function)


def test_an_unchosen_engine_changes_no_record_at_rest() -> None:
    """Else every function stored before would look as if somebody had changed it meanwhile."""
    assert NEW.isdisjoint(codec.encode(a_function(engine=None)))


def test_an_etag_is_of_the_meaning() -> None:
    """Another release of zlib packs the same text differently; it is still the same record."""
    item = codec.encode(a_webhook(url="https://example.com/" + "x" * 2000))
    repacked = {**item, "url": {"S": codec.value(item["url"])}}

    assert config.etag(item) == config.etag(repacked)
