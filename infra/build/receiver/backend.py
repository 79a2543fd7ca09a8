"""Packs a source tree of `penstock-receiver` as a wheel and as an sdist (PEP 517).

This file lies in the sdist too, so that pip builds it without asking a registry for a build tool.
It uses only the standard library.

The wheel has the same bytes on every machine, so whoever builds it can compare hashes: names are
sorted, times and modes are fixed, and nothing is compressed, because zlib's output differs between
its versions. The sdist is compressed, and the same wherever Python is the same.
"""

import base64
import gzip
import hashlib
import io
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

PACKAGE: Final = "penstock"
SUFFIXES: Final = (".py", ".typed")  # of the files that the package has; nothing else is packed
BESIDE: Final = ("LICENSE", "README.md", "backend.py", "pyproject.toml")  # what an sdist has, too
_ZIP_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file can name
_FILE_MODE: Final = 0o644
_REGULAR_FILE: Final = 0o100000


def build_wheel(
    wheel_directory: str,
    config_settings: Mapping[str, Any] | None = None,  # noqa: ARG001 - PEP 517 names it
    metadata_directory: str | None = None,  # noqa: ARG001 - PEP 517 names it
) -> str:
    """Build the wheel of the source tree in the current folder; the file's name."""
    return wheel(Path.cwd(), into=Path(wheel_directory))


def build_sdist(
    sdist_directory: str,
    config_settings: Mapping[str, Any] | None = None,  # noqa: ARG001 - PEP 517 names it
) -> str:
    """Build the sdist of the source tree in the current folder; the file's name."""
    return sdist(Path.cwd(), into=Path(sdist_directory))


def wheel(tree: Path, *, into: Path) -> str:
    """Build the wheel of a source tree; the file's name."""
    project = _project(tree)
    info = f"{_stem(project)}.dist-info"
    tag = "py3-none-any"
    files = {name: (tree / name).read_bytes() for name in package_files(tree)}
    files[f"{info}/licenses/LICENSE"] = (tree / "LICENSE").read_bytes()
    files[f"{info}/METADATA"] = _metadata(project, tree)
    files[f"{info}/WHEEL"] = _lines(
        ("Wheel-Version: 1.0", "Generator: penstock", "Root-Is-Purelib: true", f"Tag: {tag}")
    )
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    name = f"{_stem(project)}-{tag}.whl"
    with zipfile.ZipFile(into / name, "w", zipfile.ZIP_STORED) as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, _ZIP_EPOCH)
            entry.create_system = 3  # Unix, also where this runs on Windows
            entry.external_attr = (_REGULAR_FILE | _FILE_MODE) << 16
            archive.writestr(entry, content)
    return name


def sdist(tree: Path, *, into: Path) -> str:
    """Build the sdist of a source tree; the file's name."""
    project = _project(tree)
    files = {name: (tree / name).read_bytes() for name in (*BESIDE, *package_files(tree))}
    files["PKG-INFO"] = _metadata(project, tree)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(f"{_stem(project)}/{path}")  # its time is 0, its owner root
            entry.size, entry.mode = len(content), _FILE_MODE
            archive.addfile(entry, io.BytesIO(content))
    name = f"{_stem(project)}.tar.gz"
    (into / name).write_bytes(gzip.compress(packed.getvalue(), mtime=0))
    return name


def package_files(tree: Path) -> list[str]:
    """The files of the package, as paths with `/` from the tree."""
    found = (tree / PACKAGE).rglob("*")
    return sorted(path.relative_to(tree).as_posix() for path in found if path.suffix in SUFFIXES)


def _project(tree: Path) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((tree / "pyproject.toml").read_text("utf-8"))["project"]
    return project


def _stem(project: Mapping[str, Any]) -> str:
    return f"{project['name'].replace('-', '_')}-{project['version']}"


def _metadata(project: Mapping[str, Any], tree: Path) -> bytes:
    extras = project["optional-dependencies"]
    head = (
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"License-Expression: {project['license']}",
        *(f"License-File: {name}" for name in project["license-files"]),
        *(f"Classifier: {name}" for name in project["classifiers"]),
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {needed}" for needed in project["dependencies"]),
        *(f"Provides-Extra: {extra}" for extra in extras),
        *(
            f'Requires-Dist: {needed}; extra == "{extra}"'
            for extra, all_needed in extras.items()
            for needed in all_needed
        ),
        "Description-Content-Type: text/markdown",
        "",
    )
    description = (tree / str(project["readme"])).read_bytes()
    return _lines(head) + description


def _record(files: Mapping[str, bytes], own_name: str) -> bytes:
    lines = []
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(content)}")
    return _lines((*lines, f"{own_name},,"))


def _lines(lines: tuple[str, ...]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
