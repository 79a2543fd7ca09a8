"""`penstock verify`: checks one captured request as its receiver would."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import _files, _output
from cli._errors import CommandFailed, WrongUsage
from cli._output import AsJson
from penstock.webhooks import TOLERANCE_S, Receiver, Rejected

SECRET: Final = "PENSTOCK_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable, not a secret


_EMPTY_LINE: Final = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """A request as its receiver got it. A JSON file may hold anything; the verifier judges it."""

    headers: Any  # names and texts, as a mapping or as pairs
    body: Any  # bytes or text


def verify(
    file: Annotated[
        Path,
        typer.Argument(
            help='The request: raw HTTP (headers, empty line, body) or JSON {"headers", "body"};'
            " - is stdin."
        ),
    ],
    *,
    tolerance_s: Annotated[
        int, typer.Option(min=0, help="How old the signature may be; raise it for old captures.")
    ] = TOLERANCE_S,
    as_json: AsJson = False,
) -> None:
    """Check the signature of a captured request; the secret is read from PENSTOCK_WEBHOOK_SECRET.

    Several secrets, as during a rotation, are separated by blanks. Exit 1 when it is not genuine.
    """
    secrets = os.environ.get(SECRET, "").split()
    if not secrets:
        raise WrongUsage(f"set {SECRET} to the webhook's whsec_… secret", code="no_secret")
    request = _read(file)
    try:
        receiver = Receiver(*secrets, tolerance_s=tolerance_s)
        verified = receiver.verify(body=request.body, headers=request.headers)
    except Rejected as problem:
        raise CommandFailed(str(problem), code=problem.code) from problem
    document = {"genuine": True, "id": verified.id, "timestamp": verified.timestamp}
    _output.show(document, as_json=as_json, human=lambda: [f"genuine: {verified.id}"])


def _read(file: Path) -> Captured:
    raw = _files.read_bytes(file)
    return _from_json(raw, file) if raw.lstrip().startswith(b"{") else _from_http(raw, file)


def _from_json(raw: bytes, file: Path) -> Captured:
    document = _files.parse_json(_files.decode(raw, origin=file), origin=str(file))
    match document:
        case {"headers": headers, "body": body}:
            return Captured(headers=headers, body=body)
        case _:
            raise _unreadable(file)


def _from_http(raw: bytes, file: Path) -> Captured:
    # The first empty line ends the head; the body may have empty lines with other ends.
    empty_line = _EMPTY_LINE.search(raw)
    if empty_line is None:
        raise _unreadable(file)
    head, body = raw[: empty_line.start()], raw[empty_line.end() :]
    # Not splitlines: it would cut at 0x85 too, which in UTF-8 is a part of many letters.
    lines = [line.partition(":") for line in head.decode("latin-1").split("\n")]
    # Lines without a colon are no headers, and are skipped.
    headers = [(name.strip(), text.strip()) for name, colon, text in lines if colon]
    return Captured(headers=headers, body=body)


def _unreadable(file: Path) -> WrongUsage:
    return WrongUsage(
        f'{file} is neither raw HTTP with an empty line before the body, nor JSON with "headers"'
        ' and "body"',
        code="not_a_request",
    )
