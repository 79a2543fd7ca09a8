"""How a shell asks the command line what may come next: by a variable, in Typer's way."""

import os
from typing import Final

VARIABLE: Final = "_PENSTOCK_COMPLETE"
PROGRAM: Final = "penstock"


def script(shell: str) -> str:
    """The script that makes a shell ask."""
    from typer._completion_shared import get_completion_script  # Typer has no public name for it

    return get_completion_script(prog_name=PROGRAM, complete_var=VARIABLE, shell=shell)


def prepare() -> None:
    """Make Typer answer if it is a shell that asks.

    Typer does it by itself only for an application with `--install-completion`, which would write
    into a user's files.
    """
    if VARIABLE in os.environ:
        from typer._completion_classes import completion_init

        completion_init()
