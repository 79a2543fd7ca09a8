"""The tools that build: what they say is heard when they fail."""

import sys

import pytest

from infra.build.commands import run


def test_a_failed_command_is_told_with_its_last_lines() -> None:
    """Of a long build, what matters stands at its end."""
    program = "import sys; print('one\\n' * 100 + 'the reason', file=sys.stderr); sys.exit(3)"
    with pytest.raises(SystemExit) as failure:
        run([sys.executable, "-c", program])
    text = str(failure.value)
    assert "ended with 3" in text
    assert text.endswith("the reason\n")
    assert text.count("one\n") < 100


def test_a_command_gets_only_the_environment_that_is_given() -> None:
    """The guest is made without any of ours."""
    program = "import os, sys; sys.exit(os.environ.get('ONLY') != 'this' or 'HOME' in os.environ)"
    run([sys.executable, "-I", "-c", program], env={"ONLY": "this"})
