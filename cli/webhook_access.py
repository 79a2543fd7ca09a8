"""`penstock webhooks access`: what an endpoint asks for besides a signature."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import _files, _output, client
from cli._errors import WrongUsage
from cli._live import WebhookId
from cli._output import AsJson

FIELDS: Final = frozenset({"headers", "auth", "client_certificate"})


def read(file: Path) -> dict[str, Any]:
    """The settings in a file; secrets come from files and standard input, never as arguments.

    Raises:
        WrongUsage: it is not JSON, or holds anything else.
    """
    changes = _files.read_json(file)
    if not isinstance(changes, dict) or not changes or changes.keys() - FIELDS:
        raise WrongUsage(
            f"{file} must be a JSON object with some of {', '.join(sorted(FIELDS))}",
            code="bad_access",
        )
    return changes


def access(
    webhook_id: WebhookId,
    file: Annotated[
        Path | None,
        typer.Argument(help="JSON: headers, auth, client_certificate; null removes. - is stdin."),
    ] = None,
    *,
    certificate: Annotated[
        Path | None, typer.Option(help="PEM file of a client certificate and its chain.")
    ] = None,
    private_key: Annotated[Path | None, typer.Option(help="PEM file of its key.")] = None,
    as_json: AsJson = False,
) -> None:
    """Set the headers, the login and the client certificate that the endpoint asks for."""
    if file is None and certificate is None:
        raise WrongUsage("give a FILE, or --certificate and --private-key", code="bad_access")
    if (certificate is None) != (private_key is None):
        raise WrongUsage("--certificate and --private-key belong together", code="bad_access")
    changes = {} if file is None else read(file)
    if certificate is not None and private_key is not None:
        changes["client_certificate"] = {
            "certificate": _files.read_text(certificate),
            "private_key": _files.read_text(private_key),
        }
    webhook = client.connect().patch(f"/v1/webhooks/{client.segment(webhook_id)}", changes)
    _output.show(webhook, as_json=as_json, human=lambda: _output.record(webhook))
