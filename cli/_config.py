"""The configuration file of the command line: connections by name, with their keys.

use = "staging"

[connections.staging]
api_url = "https://penstock.example.com"
api_key = "psk_…"
"""

import json
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli._errors import WrongUsage
from cli._names import nearest

LOCAL: Final = "local"  # stands for the local cloud of this folder; no connection may have the name
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")  # a TOML key without quotes
_FIELDS: Final = ("api_url", "api_key")
_TABLES: Final = ("use", "connections")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One connection as the file has it."""

    api_url: str
    api_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the file says; a file that does not exist says nothing."""

    path: Path
    use: str | None  # the connection that is used when nothing else is said; None chooses none
    connections: Mapping[str, Entry]

    def entry(self, name: str) -> Entry:
        """The connection of this name.

        Raises:
            WrongUsage: code `unknown_connection`; it names the nearest one.
        """
        if name in self.connections:
            return self.connections[name]
        known = nearest(name, (*self.connections, LOCAL))
        raise WrongUsage(
            f"no connection is called {name!r}: {known}; `penstock config set {name}` makes it",
            code="unknown_connection",
        )


def path() -> Path:
    """Where the file is, whether it exists or not."""
    folder = os.environ.get("XDG_CONFIG_HOME", "")
    # The specification of these folders says to ignore a relative one.
    home = Path(folder) if folder.startswith("/") else Path.home() / ".config"
    return home / "penstock" / "config.toml"


def load() -> Config:
    """Read the file.

    Raises:
        WrongUsage: code `bad_config`: it is not what it should be, or cannot be read; or
            `config_not_private`: others than its owner can reach the keys in it.
    """
    file = path()
    try:
        text = _private_text(file)
        document = tomllib.loads(text)
    except FileNotFoundError:
        return Config(path=file, use=None, connections={})
    except OSError as problem:
        raise _bad(file, f"cannot be read: {problem.strerror}") from problem
    except (ValueError, RecursionError) as problem:  # neither TOML nor UTF-8, or nested too deep
        raise _bad(file, f"is not TOML: {_without_text(problem)}") from problem
    return _parse(file, document)


def save(config: Config) -> None:
    """Write the file anew, for its owner alone; whoever is killed meanwhile leaves the old one.

    Raises:
        WrongUsage: code `unwritable`.
    """
    from cli import _files  # deferred: nearly every command reads the file, and few write it

    _files.write(config.path, _text(config), is_private=True)


def _private_text(file: Path) -> str:
    with file.open("rb") as opened:
        mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise WrongUsage(
                f"{file} holds keys, and others than you can reach it (mode {mode:04o}); run"
                f" `chmod 600 {file}`",
                code="config_not_private",
            )
        return opened.read().decode()


def _parse(file: Path, document: Mapping[str, Any]) -> Config:
    _only(file, "the file", document, _TABLES)
    tables = document.get("connections", {})
    if not isinstance(tables, dict):
        raise _bad(file, "must have [connections.NAME] tables")
    use = document.get("use")
    if use is not None and use not in tables:
        raise _bad(file, "must name one of its connections in `use`")
    entries = {name: _entry(file, name, table) for name, table in tables.items()}
    return Config(path=file, use=use, connections=entries)


def _entry(file: Path, name: str, table: Any) -> Entry:
    where = f"[connections.{name}]"
    if not NAME.fullmatch(name) or name == LOCAL or not isinstance(table, dict):
        raise _bad(file, f"has a connection that cannot be: {where}")
    _only(file, where, table, _FIELDS)
    for field in _FIELDS:
        if not isinstance(table.get(field), str) or not table[field]:
            raise _bad(file, f"must have a text as {field} in {where}")
    return Entry(api_url=table["api_url"], api_key=table["api_key"])


def _only(file: Path, where: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in table:
        if name not in known:
            raise _bad(file, f"has {name!r} in {where}: {nearest(name, known)}")


def _text(config: Config) -> str:
    lines = [] if config.use is None else [f"use = {_quoted(config.use)}", ""]
    for name, entry in sorted(config.connections.items()):
        lines += [
            f"[connections.{name}]",
            f"api_url = {_quoted(entry.api_url)}",
            f"api_key = {_quoted(entry.api_key)}",
            "",
        ]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """A text as TOML writes it: as JSON does, for the printable characters of ASCII."""
    return json.dumps(text)


def _without_text(problem: Exception) -> str:
    # The error of a decoder holds the bytes, and a key may be among them.
    return "it is not UTF-8" if isinstance(problem, UnicodeError) else str(problem)


def _bad(file: Path, what: str) -> WrongUsage:
    return WrongUsage(f"{file} {what}", code="bad_config")
