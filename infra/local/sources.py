"""Says which code a local cloud has been deployed from, so that `up` notices newer code."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from infra.local.place import ROOT

# What ends up in the cloud, and what makes it: the template, the code, the locked packages, the
# build, and the emulators.
DEPLOYED: Final = (
    "template.yaml",
    "infra/stacks",
    "infra/build",
    "infra/local",
    "functions",
    "runtime",
    "sandbox",
    "penstock",
    "requirements",
)
# Made of the other files: bytecode, and the sandbox's guest, whose hashes requirements/ has.
_MADE: Final = frozenset({"__pycache__", "artefacts"})


def digest(root: Path = ROOT) -> str:
    """A hash of the names and bytes of all files that a local cloud is deployed from.

    Args:
        root: the folder of the project.
    """
    result = hashlib.sha256()
    for path in _files(root):
        content = path.read_bytes()
        result.update(f"{path.relative_to(root)}\0{len(content)}\0".encode())
        result.update(content)
    return result.hexdigest()


def _files(root: Path) -> Iterator[Path]:
    for name in DEPLOYED:
        start = root / name
        for path in [start] if start.is_file() else sorted(start.rglob("*")):
            parts = path.relative_to(root).parts
            is_hidden = any(part.startswith(".") for part in parts)  # as an editor's copies are
            if path.is_file() and not is_hidden and _MADE.isdisjoint(parts):
                yield path
