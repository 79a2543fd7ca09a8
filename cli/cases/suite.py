"""Finds the functions of a folder with their cases.

The cases of `vip.py` are `cases/vip/*.json` beside it. A function that is alone in its folder may
have them in `cases/*.json`.
"""

import difflib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli import _files
from cli._errors import WrongUsage
from cli.cases import case
from cli.cases.case import Case
from cli.project.functions import FunctionProject, load_function

FOLDER: Final = "cases"
_HANDLER: Final = re.compile(r"^(async +)?(def +handler\b|handler *[:=])", re.MULTILINE)
_PASSED_OVER: Final = frozenset({FOLDER, "__pycache__", "node_modules", "venv"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedFunction:
    """A function with its cases, in the order of their names."""

    __test__ = False  # pytest would take the class for a test, by its name

    project: FunctionProject
    code: str  # the function's source
    cases: tuple[Case, ...]


def of_folder(folder: Path) -> list[TestedFunction]:
    """The functions in a folder and below it, in the order of their paths.

    Raises:
        WrongUsage: there is no function, or a case or a setting is refused.
    """
    found = [
        _tested(source, files)
        for place in _folders(folder)
        for source, files in _cases_by_source(place).items()
    ]
    if not found:
        text = f"no function in {folder}: a function is a .py file that defines handler"
        raise WrongUsage(text, code="no_functions")
    return found


def of_file(source: Path) -> TestedFunction:
    """One function with its cases.

    Raises:
        WrongUsage: a file, a case or a setting is refused.
    """
    code = _files.read_text(source)  # a file that is missing is named first
    files = _cases_by_source(source.parent, also=source)[source]
    return _tested(source, files, code=code)


def cases_folder(source: Path) -> Path:
    """Where a new case of this function belongs."""
    alone = functions_in(source.parent) in ([source], [])
    return source.parent / FOLDER if alone else source.parent / FOLDER / source.stem


def _tested(source: Path, files: Sequence[Path], *, code: str | None = None) -> TestedFunction:
    function = load_function(source)
    return TestedFunction(
        project=function,
        code=_files.read_text(source) if code is None else code,
        cases=tuple(case.load(file, function) for file in files),
    )


def _folders(folder: Path) -> Iterator[Path]:
    for place, below, _files_here in os.walk(folder):
        below[:] = sorted(n for n in below if n not in _PASSED_OVER and not n.startswith("."))
        yield Path(place)


def functions_in(folder: Path) -> list[Path]:
    """The sources of the functions in this one folder, in the order of their names."""
    return [path for path in sorted(folder.glob("*.py")) if _is_function(path)]


def _is_function(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False  # a folder called x.py, or a link that leads nowhere
    return _HANDLER.search(text) is not None


def _cases_by_source(folder: Path, *, also: Path | None = None) -> Mapping[Path, list[Path]]:
    """The case files of each function in this one folder."""
    sources = functions_in(folder)
    if also is not None and also not in sources:
        sources.append(also)  # a source without a handler: its cases fail, and say why
    files = {source: sorted((folder / FOLDER / source.stem).glob("*.json")) for source in sources}
    if sources:
        _check_folders(folder / FOLDER, [source.stem for source in sources])
    directly = sorted((folder / FOLDER).glob("*.json"))
    if directly and len(sources) > 1:
        names = ", ".join(source.stem for source in sources)
        text = f"{directly[0]}: {folder} has several functions ({names}); put the case of the first"
        raise WrongUsage(f"{text} into {folder / FOLDER / sources[0].stem}", code="bad_case")
    if len(sources) == 1:
        files[sources[0]] = directly + files[sources[0]]
    return files


def _check_folders(cases: Path, stems: Sequence[str]) -> None:
    """Refuse a folder of cases that belongs to no function: they would never be run."""
    for path in sorted(cases.iterdir()) if cases.is_dir() else ():
        if path.is_dir() and path.name not in stems and any(path.glob("*.json")):
            close = difflib.get_close_matches(path.name, stems, n=1, cutoff=0.0)
            text = f"{path}: there is no function {path.name}.py beside {FOLDER}/"
            raise WrongUsage(f"{text}; did you mean {close[0]}?", code="bad_case")
