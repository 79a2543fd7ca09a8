"""The files of a sync in a bucket of the tenant's own: what they are called, and which are ours.

Anything may stand in such a bucket. An erasure touches what has a name of ours, and nothing else.
"""

import re
from typing import Final, NamedTuple

from runtime.core.warehouse import tables

_PATH: Final = re.compile(r"(\w+)/dt=(\d{4}-\d{2}-\d{2})/([0-9a-f]{32})\.parquet")


class OwnFile(NamedTuple):
    """A Parquet file of a load."""

    table: str
    day: str  # on which its rows arrived, YYYY-MM-DD
    load_id: str

    @property
    def path(self) -> str:
        """What its key is, behind the bucket's prefix."""
        return f"{self.table}/dt={self.day}/{self.load_id}.parquet"

    @property
    def manifest_path(self) -> str:
        """The same of the manifest that names it."""
        return manifest_path(self.load_id)

    def people_key(self, tenant: str, sync_id: str) -> str:
        """The object key, in our bucket, of the index that says which people it may hold."""
        return f"people/own/v1/{tenant}/{sync_id}/{self.path.removesuffix('.parquet')}"


def manifest_path(load_id: str) -> str:
    """What the key of a load's manifest is, behind the bucket's prefix."""
    return f"_manifests/{load_id}.json"


def of_key(key: str, *, prefix: str) -> OwnFile | None:
    """The file that has this key in a bucket with this prefix; None if it is none of ours."""
    path = _PATH.fullmatch(key.removeprefix(prefix)) if key.startswith(prefix) else None
    if path is None or path[1] not in tables.BY_NAME:
        return None
    return OwnFile(*path.groups())
