"""Stores the switches of an installation."""

from dataclasses import dataclass
from typing import Final

from runtime.core.operations.switches import Switch, Switches
from runtime.stores.tables import codec, keys
from runtime.stores.tables.table import Table

FRESH_S: Final = 5.0  # how long a switch may take to reach a warm worker
_KEY: Final = {"pk": keys.INSTALLATION, "sk": keys.SWITCHES}
ITEM: Final = codec.key(_KEY)  # where the switches are, in botocore's form


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSwitches:
    """The one item that says what is paused, in the table of configuration."""

    table: Table

    def find(self) -> Switches:
        """How the switches stand now.

        Raises:
            Transient: the table cannot be read.
        """
        item = self.table.get(_KEY) or {}
        return Switches(
            paused_at={
                switch: str(codec.value(item[switch])) for switch in Switch if switch in item
            }
        )

    def pause(self, switch: Switch, *, at: str) -> None:
        """Pause something from `at` (ISO 8601 UTC) on; what is paused stays so since it was.

        Raises:
            Transient: the table cannot be written.
        """
        goes_on = f"attribute_not_exists(#{switch})"
        update = self.table.update(_KEY, f"SET #{switch} = :at", goes_on, at=at)
        self.table.try_to(lambda: self.table.client.update_item(**update))

    def resume(self, switch: Switch) -> None:
        """Let something go on; nothing happens where it is not paused.

        Raises:
            Transient: the table cannot be written.
        """
        update = self.table.update(_KEY, f"REMOVE #{switch}", "")
        self.table.try_to(lambda: self.table.client.update_item(**update))
