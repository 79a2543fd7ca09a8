"""Functions, versions and runs survive their table."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.functions.function import Engine, RetryPolicy, Secret
from runtime.core.functions.run import Run
from runtime.core.matching.trigger import Trigger
from runtime.stores.functions import items
from tests.builders import a_function, a_run, a_version, as_of_before
from tests.json_values import JSON

NEW = {"engine", "isolation"}  # attributes of records since a function can choose its engine


@given(JSON.filter(lambda value: value is not None), st.floats(0, 1e6))
def test_any_output_comes_back_as_it_was(output: Any, duration_ms: float) -> None:
    """DynamoDB's own numbers would lose 1e300, and 1.0 beside 1."""
    run = a_run(output=output, duration_ms=duration_ms)

    again = items.run(items.run_item(run))

    assert (run, repr(output)) == (again, repr(again.output))


def test_an_attribute_of_a_newer_version_is_left_out() -> None:
    """Old code must be able to read on after a rollback."""
    item = {**items.run_item(a_run()), "invented_later": {"S": "x"}}

    assert isinstance(items.run(item), Run)


def test_what_was_stored_before_engines_is_read_as_it_was_meant() -> None:
    """A version from then was checked as `restricted`, and must go on as that."""
    version, run, function = (
        {name: held for name, held in item.items() if name not in NEW}
        for item in (
            items.version_item(a_version()),
            items.run_item(a_run()),
            items.function_item(a_function()),
        )
    )

    assert Engine.RESTRICTED is items.version(version).engine
    assert (None, None) == (items.run(run).engine, items.run(run).isolation)
    assert a_function() == items.function(function)


def test_an_unchosen_engine_changes_no_record_at_rest() -> None:
    """Else every function stored before would look as if somebody had changed it meanwhile."""
    assert NEW.isdisjoint(items.function_item(a_function(engine=None)))


def test_a_function_of_before_is_read_as_it_was_meant() -> None:
    """When a function had one trigger at most, and a secret was its ciphertext alone."""
    before = as_of_before(a_function(), topics=["metric.x"], filter={"id": ["a"]})
    before["secrets"] = {"S": '{"NEW":null,"OLD":"sealed"}'}

    read = items.function(before)

    assert (Trigger(topics=("metric.x",), filter={"id": ["a"]}),) == read.triggers
    assert {"NEW": Secret(), "OLD": Secret(version=1, sealed="sealed")} == read.secrets
    assert (RetryPolicy(), 1, (), True) == (
        read.retry,
        read.environment_version,
        read.live_before,
        read.enabled,
    )
    assert () == items.function(as_of_before(a_function(), topics=[])).triggers
