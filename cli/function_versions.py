"""`penstock functions publish`: which version of a function is live."""

from typing import Annotated

import typer

from cli import _output, client
from cli._output import AsJson

Name = Annotated[str, typer.Argument(help="The function's name.")]


def publish(
    name: Name,
    *,
    version: Annotated[int | None, typer.Option(min=1, help="Instead of the latest.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a version live: the latest, or an older one to go back."""
    function = client.connect().post(f"/v1/functions/{name}/publish", {"version": version})
    _output.show(
        function,
        as_json=as_json,
        human=lambda: [f"{name} now runs version {function['live_version']}"],
    )
