"""`penstock admin rotate-keys`: what seals secrets is wrapped anew."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cli import _deeds, _installation, _output
from cli._installation import Stack, refusals
from cli._output import AsJson
from cli._progress import progress
from runtime.core.operations.deeds import Deed

if TYPE_CHECKING:
    from runtime.usecases.operations.rotate_keys import RotateKeys


def rotate_keys(*, stack: Stack = None, as_json: AsJson = False) -> None:
    """Have KMS wrap every tenant's data keys anew, under the newest material of its key.

    Secrets stay as they are and can be opened all the time. It may be stopped at any time; the next
    call goes on with the tenant where this one stopped.
    """
    from runtime.wiring import operations

    with refusals():
        installation = _installation.find(stack)
        rotate = operations.rotate_keys(
            dynamodb=installation.client("dynamodb"),
            kms=installation.client("kms"),
            config_table=installation.output("ConfigTable"),
            key_id=installation.output("KeyArn"),
        )
        document = _deeds.recorded(installation, Deed.ROTATED, do=lambda: _rotated(rotate))
    _output.show(document, as_json=as_json, human=lambda: _output.record(document))


def _rotated(rotate: "RotateKeys") -> dict[str, Any]:
    """Rotate to the end; returns how that was."""
    with progress("rotating") as work:
        for rotation in rotate():
            work.say(f"{rotation.tenants} tenants, {rotation.changed} things with secrets")
    return {name: value for name, value in asdict(rotation).items() if name != "revision"}
