"""The syncs that a `penstock.toml` declares.

[syncs.warehouse]
kind = "redshift"
schedule = "every 15 minutes"
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli.project import document, keys
from cli.project.document import check_names
from runtime.core.warehouse import schedule
from runtime.core.warehouse.sync import DestinationKind
from runtime.core.webhooks import rules
from runtime.errors import BadInput

SECTION: Final = "syncs"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredSync:
    """A sync as the file has it."""

    name: str
    kind: DestinationKind
    # As people write it. None: the file does not say, and whoever changed it last decides.
    schedule: str | None
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
        enabled=document.switch(own["enabled"], "enabled") if "enabled" in own else None,
    )


def _schedule(value: Any) -> str:
    return str(schedule.parse(document.text(value, "schedule")))
