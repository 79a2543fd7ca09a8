"""The syncs that a project's file declares.

[syncs.warehouse]
kind = "redshift"
schedule = "every 15 minutes"
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from cli.project import document, keys, sealed
from cli.project.document import check_names
from cli.project.key import names
from runtime.core.warehouse import schedule
from runtime.core.warehouse import selection as selections
from runtime.core.warehouse.selection import PromotedColumn, PromotedType, Selection
from runtime.core.warehouse.settings import bigquery, postgresql, s3, snowflake, synapse
from runtime.core.warehouse.settings.setting import Setting
from runtime.core.warehouse.sync import DestinationKind
from runtime.core.webhooks import rules
from runtime.errors import BadInput

SECTION: Final = "syncs"
# What the kinds of destinations have to be told that have settings.
OF_KINDS: Final[Mapping[DestinationKind, Sequence[Setting]]] = {
    DestinationKind.S3: s3.SETTINGS,
    DestinationKind.POSTGRESQL: postgresql.SETTINGS,
    DestinationKind.BIGQUERY: bigquery.SETTINGS,
    DestinationKind.SNOWFLAKE: snowflake.SETTINGS,
    DestinationKind.SYNAPSE: synapse.SETTINGS,
}
COLUMNS: Final = "selection.columns"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredSync:
    """A sync as the file has it."""

    name: str
    kind: DestinationKind
    # As people write it. None: the file does not say, and whoever changed it last decides.
    schedule: str | None
    # As the API shows it. None: the file does not say, and whoever changed it last decides.
    selection: Mapping[str, Any] | None
    # What a destination of the tenant's own is told, with FromEnvironment for each secret and
    # wherever the file names a variable. None: the file does not say, and nothing of it is changed.
    settings: Mapping[str, Any] | None
    # False pauses it. None: the file does not say, and whoever paused or resumed it last decides.
    enabled: bool | None


def declared(path: Path, sections: Mapping[str, Any]) -> Iterator[DeclaredSync]:
    """The syncs of a file, in its order.

    Raises:
        WrongUsage: code `bad_settings`; the message names the file and the key.
    """
    return document.declared(path, sections, SECTION, _sync)


def _sync(name: str, own: Mapping[str, Any]) -> DeclaredSync:
    check_names(own, names(keys.SYNC))
    rules.check_name(name)  # the API has one rule for the names of webhooks and of syncs
    if "kind" not in own:
        kinds = " or ".join(f'"{each}"' for each in DestinationKind)
        raise BadInput(f"has no kind; it is {kinds}", field="")
    kind = DestinationKind(document.choice(own["kind"], DestinationKind, "kind"))
    return DeclaredSync(
        name=name,
        kind=kind,
        schedule=_schedule(own["schedule"]) if "schedule" in own else None,
        selection=_selection(own["selection"]) if "selection" in own else None,
        settings=_settings(own, kind) if "settings" in own else None,
        enabled=document.switch(own["enabled"], "enabled") if "enabled" in own else None,
    )


def _settings(own: Mapping[str, Any], kind: DestinationKind) -> Mapping[str, Any]:
    """The settings, without a value for a secret; what they have to be the API says."""
    known = {each.name: each for each in OF_KINDS.get(kind, ())}
    settings = document.table(own, "settings")
    check_names(settings, known, at="settings.")
    read: dict[str, Any] = {}
    for name, value in settings.items():
        at = f"settings.{name}"
        plain = str(value) if type(value) is int else value  # such as a port
        is_open = isinstance(plain, str) and not known[name].sealed
        read[name] = sealed.parse_open(plain, at) if is_open else sealed.parse(value, at)
    return read


def _schedule(value: Any) -> str:
    return str(schedule.parse(document.text(value, "schedule")))


def _selection(value: Any) -> Mapping[str, Any]:
    """The selection as the API takes and shows it.

    Raises:
        BadInput: it is no selection; the field is its place below `selection`.
    """
    if not isinstance(value, dict):
        raise BadInput("must be a table, such as [syncs.NAME.selection]", field="selection")
    check_names(value, [each.name for each in fields(Selection)])
    lists = {"tables": '["events"]', "include_topics": '["metric.*"]', "exclude_topics": "[…]"}
    names = {name: document.texts(value, name, like=like) for name, like in lists.items()}
    columns = value.get("columns", [])
    if not isinstance(columns, list):
        raise BadInput("must be tables, such as [[syncs.NAME.selection.columns]]", field=COLUMNS)
    selection = selections.check(Selection(**names, columns=tuple(map(_column, columns))))
    return {
        **{name: list(getattr(selection, name)) for name in names},
        "columns": [asdict(column) for column in selection.columns],
    }


def _column(value: Any) -> PromotedColumn:
    wanted = [each.name for each in fields(PromotedColumn)]
    if not isinstance(value, dict) or sorted(value) != sorted(wanted):
        raise BadInput(f"each has {', '.join(wanted)}", field=COLUMNS)
    kind = document.choice(value["type"], PromotedType, "type")
    texts = {name: document.text(value[name], name) for name in wanted if name != "type"}
    return PromotedColumn(**texts, type=PromotedType(kind))
