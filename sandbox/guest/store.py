"""Keeps the code of rarely used modules packed, and unpacks it when one is imported.

A module that the build imports is in the memory of every worker, ready for use. To import all
others too would only make the component larger. Later there are no files, so a module that is
neither imported nor packed can never be imported.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import marshal
import sys
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import ModuleType

_LEVEL: Final = 9  # zlib's best compression

CODE: Final[dict[str, bytes]] = {}
_PACKAGES: Final[set[str]] = set()


def collect(folder: Path, *, prefix: str, leave_out: frozenset[str], ready: frozenset[str]) -> None:
    """Pack every module below a folder. Call it at build time.

    Args:
        folder: the folder with the modules.
        prefix: the beginning of their names, such as `phonenumbers.`; empty for top modules.
        leave_out: names of modules, or of their packages, that are not packed.
        ready: names of modules that are imported instead.
    """
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        package = parts[-1] == "__init__"
        name = (prefix + ".".join(parts[:-1] if package else parts)).rstrip(".")
        if name in ready or name in sys.modules or not all(map(str.isidentifier, parts)):
            continue
        if not name or _left_out(name, leave_out):
            continue
        source = path.read_bytes()
        code = compile(source, f"{name.replace('.', '/')}.py", "exec", dont_inherit=True)
        CODE[name] = zlib.compress(marshal.dumps(code), _LEVEL)
        if package:
            _PACKAGES.add(name)


def _left_out(name: str, leave_out: frozenset[str]) -> bool:
    parts = name.split(".")
    beginnings = {".".join(parts[: count + 1]) for count in range(len(parts))}
    return bool(beginnings & leave_out) or "__main__" in parts


def forget_imported() -> None:
    """Remove the packed code of modules that have been imported."""
    for name in CODE.keys() & sys.modules.keys():
        del CODE[name]


class Finder:
    """Finds and loads packed modules."""

    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module's spec; None if it is not packed."""
        del path, target
        if name not in CODE:
            return None
        return importlib.util.spec_from_loader(name, cls, is_package=name in _PACKAGES)  # type: ignore[arg-type]

    @staticmethod
    def create_module(spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """None, which makes an ordinary module."""
        del spec
        return None

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        """Run the module's code."""
        code = marshal.loads(zlib.decompress(CODE[module.__name__]))  # noqa: S302 - packed at build
        exec(code, module.__dict__)  # noqa: S102 - the standard library's, or a locked package's
