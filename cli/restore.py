"""`penstock admin restore`: tables become again what they were."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli import _deeds, _installation, _output, _times
from cli._errors import WrongUsage
from cli._installation import Installation, Stack
from cli._output import AsJson
from cli._progress import Work, progress
from runtime.core.operations.deeds import Deed

if TYPE_CHECKING:
    from runtime.stores.aws.restored import Copy

# Written back last: as long as it is not what it was, nothing acts on tables that are half back.
LAST: Final = "ConfigTable"
LOG: Final = "AuditTable"  # keeps what has come since: who restores is on record there
COLUMNS: Final = ("table", "looked_at", "written", "deleted")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A table to write back."""

    name: str  # as the template calls it
    target: str  # its name in the account
    source: str  # the name of the table that has what it is to be
    copy: "Copy | None"  # what makes the source and takes it away; None: somebody else does


def restore(
    table: Annotated[
        str | None,
        typer.Argument(help="As the template calls it: ConfigTable, …; all of them by --at alone."),
    ] = None,
    *,
    source: Annotated[
        str | None,
        typer.Option("--from", help="The table that DynamoDB has restored a backup into."),
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="Restore what was stored at this time, or age such as 2h.")
    ] = None,
    stack: Stack = None,
    yes: Annotated[bool, typer.Option("--yes", help="Overwrite what is stored.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a table, or all, just what it was: put what differs, delete what has come since.

    Pause intake and delivery before, and resume them behind; what is paused stays so meanwhile. It
    may be stopped and run again.
    """
    if (source is None) == (at is None):
        raise WrongUsage("say by --at which time comes back, or by --from which copy", code="usage")
    if source is not None and table is None:
        raise WrongUsage("name the table that the copy is of", code="usage")
    if not yes:
        what = "all tables" if table is None else table
        raise WrongUsage(f"it deletes from {what} what was not there then; say so by --yes")
    with _installation.refusals(), progress("restoring") as work:
        installation = _installation.find(stack)
        tables = _tables(installation, table, source=source, at=_times.parse(at))

        def do() -> dict[str, Any]:
            rows = [_written_back(each, installation, work) for each in tables]
            return {"at": at, "from": source, "tables": rows}

        rows = _deeds.recorded(installation, Deed.RESTORED, do=do, resource_id=table)["tables"]
    if table is not None:
        _output.show(rows[0], as_json=as_json, human=lambda: _output.record(rows[0]))
        return
    _output.show({"data": rows}, as_json=as_json, human=lambda: _output.table(rows, COLUMNS))


def _tables(
    installation: Installation, table: str | None, *, source: str | None, at: str | None
) -> Iterator[_Table]:
    """The tables to write back, once AWS makes all of their copies."""
    from runtime.stores.aws import restored

    client = installation.client
    names: Mapping[str, str] = (
        restored.tables(installation.stack, client=client)
        if table is None
        else {table: restored.table_of(installation.stack, table, client=client)}
    )
    copies = {}
    if at is not None:
        for name, target in names.items():
            copies[name] = restored.Copy(dynamodb=client("dynamodb"), table=target, at=at)
            copies[name].start()
    for name in sorted(names, key=lambda each: (each == LAST, each)):
        copy = copies.get(name)
        place = source if copy is None else copy.name
        yield _Table(name=name, target=names[name], source=place or "", copy=copy)


def _written_back(table: _Table, installation: Installation, work: Work) -> dict[str, Any]:
    """Write one table back; returns what was done."""
    from runtime.stores.aws.restored import Restore
    from runtime.stores.operations import switches

    if table.copy is not None:
        work.say(f"{table.name}: AWS makes the copy")
        table.copy.wait()
    write_back = Restore(
        dynamodb=installation.client("dynamodb"),
        source=table.source,
        target=table.target,
        kept=[switches.ITEM] if table.name == LAST else (),
        keeps_later=table.name == LOG,
    )
    done: dict[str, Any] = {}
    for come in write_back():
        done = asdict(come)
        work.say(f"{table.name}: {come.written} written, {come.deleted} deleted")
    if table.copy is not None:
        table.copy.delete()
    return {"table": table.name, **done}
