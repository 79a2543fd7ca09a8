"""Durations and other numbers as people type them."""

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from cli import _commands, _numbers, main
from tests.unit.cli.conftest import Command

GUARDED = {_numbers.seconds, _numbers.number, _numbers.amount}


@given(st.floats(0, _numbers.MAX_S))
def test_every_duration_up_to_a_year_is_read(duration_s: float) -> None:
    """As Python writes it, fractions included."""
    assert duration_s == _numbers.seconds(repr(duration_s))


@given(
    st.floats(min_value=_numbers.MAX_S, exclude_min=True).map(repr)
    | st.floats(max_value=0, exclude_max=True).map(repr)
    | st.sampled_from(["nan", "inf", "-inf", "", "1m", "9" * 400])
)
def test_no_other_text_is_a_duration(text: str) -> None:
    """A wait until `nan` never ended, and one of -1 s was none."""
    with pytest.raises(typer.BadParameter, match="is not a number of seconds"):
        _numbers.seconds(text)


def test_every_option_that_takes_a_fraction_refuses_what_is_no_number() -> None:
    """`nan` passes any bound that Typer knows; the parsers of `_numbers` refuse it."""
    unguarded = [
        (*path, parameter.name)
        for path, command in _commands.walk(main.root())
        for parameter in command.params
        if (described := vars(parameter).get("type_descriptor")) is not None
        and described.annotation is float
        and described.parameter_info.parser not in GUARDED
    ]

    assert not unguarded


@pytest.mark.parametrize(
    "words",
    [
        ("deliveries", "tail", "--for-s", "nan"),
        ("functions", "invoke", "vip", "--wait-s", "inf"),
        ("webhooks", "test", "whk_1", "--wait-s=-1"),
        ("functions", "canary", "start", "vip", "1", "--percent", "nan"),
    ],
)
def test_a_command_refuses_what_is_no_number_before_it_calls(
    penstock: Command, words: tuple[str, ...]
) -> None:
    """Wrong usage is said at once, and names the option."""
    ran = penstock(*words, "--json", PENSTOCK_API_URL="http://127.0.0.1:1")

    assert (2, "usage") == (ran.code, ran.json["error"]["code"])
    assert words[-1].split("=")[0] in ran.err or words[-2] in ran.err
