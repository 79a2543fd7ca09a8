"""Stores how far the last rotation of data keys has come."""

from dataclasses import dataclass, replace
from typing import Final

from runtime.core.operations.rotation import Rotation
from runtime.stores.tables import codec, keys
from runtime.stores.tables.table import Table

_KEY: Final = {"pk": keys.INSTALLATION, "sk": keys.ROTATION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotations:
    """The one record, in the table of configuration."""

    table: Table

    def find(self) -> Rotation | None:
        """The last rotation, strongly read; None before the first one.

        Raises:
            Transient: the table cannot be read.
        """
        item = self.table.get(_KEY)
        return None if item is None else Rotation(**codec.fields(item, Rotation))

    def replace(self, old: Rotation | None, new: Rotation) -> Rotation | None:
        """Store `new` in the place of `old`; None when `old` has changed meanwhile.

        Raises:
            Transient: the table cannot be written.
        """
        if old is None:
            item = codec.encode(new) | codec.key(_KEY)
            return new if self.table.put_if(item, "attribute_not_exists(pk)") else None
        written = replace(new, revision=old.revision + 1)
        item = codec.encode(written) | codec.key(_KEY)
        is_done = self.table.put_if(item, "#revision = :was", was=old.revision)
        return written if is_done else None
