"""`penstock syncs grants`: what a superuser grants before the first load of a fresh Redshift."""

from typing import Annotated

import typer

from cli import _loader, _output
from cli._output import AsJson
from runtime.core.warehouse import grants as needed


def grants(
    *,
    stack: Annotated[
        str | None,
        typer.Option(help="Of this stack, with your AWS credentials; else of the local cloud."),
    ] = None,
    schema: Annotated[
        list[str] | None,
        typer.Option(help="A schema that somebody else has made and a sync loads; repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the SQL that lets syncs load Redshift, for a superuser of its database.

    It grants no more than loads need. The local cloud has run it already; `penstock doctor` says
    what is missing.
    """
    loader = _loader.find(stack=stack, schemas=schema or ())
    document = {
        "database": loader.database,
        "user": loader.user,
        "statements": [each.statement for each in needed.grants(loader)],
    }
    _output.show(document, as_json=as_json, human=lambda: needed.script(loader).splitlines())
