"""The migrations of an installation, which an operator runs with AWS credentials."""

from typing import TYPE_CHECKING

from cli import _installation
from cli._errors import CommandFailed
from runtime.core.migrations.migration import DataIsNewer
from runtime.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runtime.core.migrations.migration import Applied, Migration
    from runtime.usecases.migrations.migrate import Migrate


def find(stack: str | None) -> "Migrate":
    """What migrates a stack, or without one the local cloud.

    Args:
        stack: the name of an installed stack; None for the local cloud.

    Raises:
        WrongUsage: code `no_local_cloud`: there is neither.
        CommandFailed: code `not_penstock`: the stack is no installation of this release.
        PenstockError: it cannot be read.
    """
    from runtime.stores.aws.dynamodb import DynamoDB
    from runtime.stores.aws.service import BotocoreService
    from runtime.wiring import migrations

    installation = _installation.find(stack)
    config_table = installation.output("ConfigTable")
    if "LedgerTable" not in installation.outputs:
        raise CommandFailed(
            f"stack {installation.stack!r} is of an earlier release: deploy this one first",
            code="not_penstock",
        )
    return migrations.build(
        DynamoDB(BotocoreService(installation.client("dynamodb"))),
        config_table=config_table,
        ledger_table=installation.output("LedgerTable"),
    )


def lacking(migrate: "Migrate") -> "Sequence[Migration]":
    """The migrations that the installation lacks, in their order.

    Raises:
        CommandFailed: code `data_is_newer`: a later release has migrated it.
        PenstockError: it cannot be read.
    """
    try:
        return migrate.pending()
    except DataIsNewer as problem:
        raise CommandFailed(problem.message, code=problem.code) from problem


def run(migrate: "Migrate") -> "Iterator[Applied]":
    """Migrate; gives how far each migration has come after each page.

    Raises:
        CommandFailed: a page could not be done; the next call goes on there.
    """
    try:
        yield from migrate()
    except PenstockError as problem:
        raise CommandFailed(
            f"{problem.message}; run the command again, it goes on where this one stopped",
            code=problem.code,
        ) from problem
