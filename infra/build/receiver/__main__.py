"""Does what `make build-receiver` asks: `python3 -m infra.build.receiver FOLDER`.

It builds the wheel and the sdist of `penstock/` into the folder, and prints a line for each as
`sha256sum` does. It needs no other package and no network.
"""

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from infra.build.commands import ROOT
from infra.build.receiver import backend

HERE: Final = Path(__file__).parent


def build(folder: Path, *, root: Path = ROOT) -> list[Path]:
    """Build the wheel and the sdist of a repository's `penstock/`; their paths.

    A file of the same name is replaced as a whole: whoever reads it meanwhile gets the old or the
    new one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as tree, tempfile.TemporaryDirectory(dir=folder) as fresh:
        _stage(root, Path(tree))
        names = [make(Path(tree), into=Path(fresh)) for make in (backend.wheel, backend.sdist)]
        return [(Path(fresh) / name).replace(folder / name) for name in names]


def _stage(root: Path, tree: Path) -> None:
    """Lay out what an sdist has: the package, the licence, and what lies beside this file."""
    beside = {name: root if name == "LICENSE" else HERE for name in backend.BESIDE}
    packaged = dict.fromkeys(backend.package_files(root), root)
    for name, origin in (beside | packaged).items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(origin / name, tree / name)


def main(arguments: Sequence[str]) -> None:
    """Carry out the command line."""
    if len(arguments) != 1:
        raise SystemExit("usage: python -m infra.build.receiver FOLDER")
    try:
        built = build(Path(arguments[0]))
    except OSError as problem:
        raise SystemExit(f"receiver: {problem}") from None
    for path in built:
        sys.stdout.write(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
