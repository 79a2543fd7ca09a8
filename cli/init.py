"""`penstock init`: a folder to write functions in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

import penstock
from cli import _files, _output
from cli._errors import WrongUsage
from cli._output import AsJson

SCAFFOLD: Final = Path(__file__).parent / "scaffold"
# Where Pyright looks by itself. The types are copied, so that an editor needs nothing installed.
TYPES: Final = Path("typings") / "penstock"
_TYPED_MODULES: Final = ("__init__", "_events")


def init(
    folder: Annotated[Path, typer.Argument(help="A new folder, or one without these files.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Write a project to FOLDER: a function, its cases, its settings, a Makefile, and types.

    A file that exists is never written over: then nothing is written at all.
    """
    files = _project()
    taken = [str(folder / path) for path in files if (folder / path).exists()]
    if taken:
        raise WrongUsage(
            f"{', '.join(taken)} exists already; name another folder", code="file_exists"
        )
    for path, text in files.items():
        _files.write(folder / path, text)
    written = [str(folder / path) for path in files]
    _output.show(
        {"written": written},
        as_json=as_json,
        human=lambda: [
            *(f"wrote {path}" for path in written),
            f"try `penstock functions test {folder}`, and then `penstock dev {folder}`",
        ],
    )


def _project() -> Mapping[Path, str]:
    """The text of each file, by its path in the folder."""
    own = (path for path in sorted(SCAFFOLD.rglob("*")) if path.is_file())
    files = {
        path.relative_to(SCAFFOLD): path.read_text(encoding="utf-8")
        for path in own
        if "__pycache__" not in path.parts
    }
    package = Path(penstock.__path__[0])
    for name in _TYPED_MODULES:
        files[TYPES / f"{name}.pyi"] = (package / f"{name}.py").read_text(encoding="utf-8")
    return files
