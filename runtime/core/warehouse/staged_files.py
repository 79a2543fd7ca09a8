"""The list of a load's staged files, for warehouses that are handed the files by us."""

import json
from collections.abc import Sequence

from runtime.core.warehouse.plan import StagedFile


def written(files: Sequence[StagedFile]) -> str:
    """The text of the list, which stands beside the files."""
    return json.dumps({"files": [file._asdict() for file in files]}, separators=(",", ":"))


def read(text: bytes) -> Sequence[StagedFile]:
    """The files of a list."""
    return [StagedFile(**each) for each in json.loads(text)["files"]]
