"""The bench's measurement of the command line."""

import os
from pathlib import Path

import pytest

from bench.command_line import CALLS, first_output_s
from infra.build.commands import ROOT


@pytest.mark.parametrize("words", CALLS[:1])
def test_the_first_output_of_a_command_is_timed(words: tuple[str, ...], tmp_path: Path) -> None:
    """A number that was not measured would praise any command."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}

    assert 0 < first_output_s(words, environment, str(tmp_path)) < 60


def test_a_command_that_is_refused_counts_as_well(tmp_path: Path) -> None:
    """What a user sees first may be on standard error."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}

    assert first_output_s(("nonsense",), environment, str(tmp_path)) > 0
