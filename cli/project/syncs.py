"""The syncs that a `penstock.toml` declares.

[syncs.warehouse]
kind = "redshift"
schedule = "every 15 minutes"
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from cli.project import document, keys
from cli.project.document import check_names
from runtime.core.warehouse import schedule
from runtime.core.warehouse import selection as selections
from runtime.core.warehouse.selection import PromotedColumn, PromotedType, Selection
from runtime.core.warehouse.sync import DestinationKind
from runtime.core.webhooks import rules
from runtime.errors import BadInput

SECTION: Final = "syncs"
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
    # False pauses it. None: the file does not say, and whoever paused or resumed it last decides.
    enabled: bool | None


def declared(path: Path, sections: Mapping[str, Any]) -> Iterator[DeclaredSync]:
    """The syncs of a file, in its order.

    Raises:
        WrongUsage: code `bad_settings`; the message names the file and the key.
    """
    return document.declared(path, sections, SECTION, _sync)


def _sync(name: str, own: Mapping[str, Any]) -> DeclaredSync:
    check_names(own, keys.names(keys.SYNC))
    rules.check_name(name)  # the API has one rule for the names of webhooks and of syncs
    if "kind" not in own:
        kinds = " or ".join(f'"{each}"' for each in DestinationKind)
        raise BadInput(f"has no kind; it is {kinds}", field="")
    kind = document.choice(own["kind"], DestinationKind, "kind")
    return DeclaredSync(
        name=name,
        kind=DestinationKind(kind),
        schedule=_schedule(own["schedule"]) if "schedule" in own else None,
        selection=_selection(own["selection"]) if "selection" in own else None,
        enabled=document.switch(own["enabled"], "enabled") if "enabled" in own else None,
    )


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
