"""What a bundle weighs: Lambda takes 50 MB of zip at once, and 250 MB unpacked with its layers."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAX_ZIPPED_BYTES: Final = 50 << 20
MAX_UNZIPPED_BYTES: Final = 250 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Bytes of one bundle, as `sam deploy` uploads it and as Lambda unpacks it."""

    zipped: int
    unzipped: int


def sizes(bundle: Path) -> Sizes:
    """Zip a bundle in memory, in the way of `sam deploy`, and weigh it; takes some seconds."""
    written = io.BytesIO()
    unzipped = 0
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(bundle.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(bundle))
                unzipped += path.stat().st_size
    return Sizes(zipped=written.tell(), unzipped=unzipped)
