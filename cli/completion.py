"""`penstock completion`: the shells' completion of commands, options and live names."""

from enum import StrEnum
from typing import Annotated

import typer

from cli import _output, _shells
from cli._output import AsJson


class Shell(StrEnum):
    """A shell that has completion."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(help="bash, zsh or fish.")], *, as_json: AsJson = False
) -> None:
    """Print the script that completes commands, options and live names in a shell.

    In bash and zsh, add `eval "$(penstock completion bash)"`, or `zsh`, to the file that the shell
    reads at its start; in fish, `penstock completion fish | source`. Ids of webhooks and syncs and
    names of functions are asked of the API, which has a second to answer.
    """
    script = _shells.script(shell.value)
    _output.show({"script": script}, as_json=as_json, human=lambda: [script])
