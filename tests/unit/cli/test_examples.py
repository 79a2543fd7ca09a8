"""Each command's help, and so `cli.md`, has an example, and the example is right."""

import shlex
from typing import Any

import pytest

from cli import _commands, _examples, main
from infra.build import reference
from tests.unit.cli.conftest import Command

COMMANDS = dict(reference.commands())


def test_every_command_has_an_example_and_every_example_a_command() -> None:
    """A list of options says what may be said; an example says how it is said."""
    assert set(COMMANDS) == set(_examples.EXAMPLES)


@pytest.mark.parametrize("path", sorted(_examples.EXAMPLES))
def test_an_example_is_taken_by_the_parser(path: str) -> None:
    """An option that was renamed must not live on in the help."""
    words = shlex.split(_examples.example(path).partition(" <")[0])

    context = parsed(words[1:])

    assert (words[0], COMMANDS[path].help) == ("penstock", context.command.help)
    assert f"penstock {path}" == context.command_path


def parsed(words: list[str]) -> Any:
    """The context of the command that the words call, with its arguments parsed and nothing run."""
    context: Any = main.root().make_context("penstock", words)
    while hasattr(context.command, "commands"):
        rest = [*context._protected_args, *context.args]  # noqa: SLF001 - as the group itself does
        name, command, rest = context.command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
    return context


def test_the_help_shows_the_example_as_one_line_at_its_end(penstock: Command) -> None:
    """It is there to be copied, so nothing may wrap it."""
    for path in ("webhooks create", "functions canary start", "verify"):
        shown = penstock(*path.split(), "--help")

        assert shown.out.rstrip().endswith(f"Example:\n\n    {_examples.example(path)}"), path


def test_the_example_of_a_command_stands_wherever_it_is_loaded_from() -> None:
    """The page of the reference is made of the same commands."""
    for path, command in _commands.walk(main.root()):
        if path:
            assert (_examples.epilog(" ".join(path)) or None) == command.epilog, path
