"""Measures bundles against Lambda's limits.

Lambda takes at most 50 MB of zip in one upload, and 250 MB unpacked, with the layers:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAX_ZIPPED_BYTES: Final = 50 << 20
MAX_UNZIPPED_BYTES: Final = 250 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """The sizes of one bundle."""

    zipped: int  # bytes that `sam deploy` uploads
    unzipped: int  # bytes of the files that Lambda unpacks


def sizes(bundle: Path) -> Sizes:
    """Zip a bundle in memory, as `sam deploy` does, and measure it. This takes some seconds."""
    buffer = io.BytesIO()
    unzipped_bytes = 0
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(bundle.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(bundle))
                unzipped_bytes += path.stat().st_size
    return Sizes(zipped=buffer.tell(), unzipped=unzipped_bytes)
