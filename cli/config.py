"""`penstock config`: which APIs the command line knows by name."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import typer

from cli import _config, _connection, _files, _live, _output
from cli._config import Config, Entry
from cli._errors import WrongUsage
from cli._output import AsJson
from runtime.core.tenancy import api_key

COLUMNS: Final = ("name", "in_use", "api_url", "key_id")
Name = Annotated[
    str,
    typer.Argument(help="What you call it, such as staging.", autocompletion=_live.connections),
]

app = typer.Typer(no_args_is_help=True)


@app.command("set")
def set_connection(
    name: Name,
    *,
    url: Annotated[str, typer.Option(help="The API's address: the stack's output ApiUrl.")],
    as_json: AsJson = False,
) -> None:
    """Give an API and a key for it a name; the key is read from standard input, or asked for.

    The file that keeps them is readable by you alone.
    """
    check_name(name)
    _check_url(url)
    key = _files.read_secret(f"API key for {name}")
    if not key:
        raise WrongUsage("no key was given on standard input", code="no_key")
    _connection.check_key(key, origin="standard input")
    _show(keep(name, url=url, key=key), name, as_json=as_json)


def keep(name: str, *, url: str, key: str) -> Config:
    """Keep an address and a key for it under a name, in place of what had the name.

    Raises:
        WrongUsage: as `check_name`, or the file of connections cannot be read.
    """
    check_name(name)
    config = _config.load()
    entry = Entry(api_url=url.rstrip("/"), api_key=key)
    changed = replace(config, connections={**config.connections, name: entry})
    _config.save(changed)
    return changed


def check_name(name: str) -> None:
    """Check that a connection can be called so.

    Raises:
        WrongUsage: code `bad_name`.
    """
    if not _config.NAME.fullmatch(name) or name == _config.LOCAL:
        raise WrongUsage(
            f"{name!r} cannot be a connection's name: take letters, digits, - and _, 64 at most,"
            f" and not `{_config.LOCAL}`, which stands for the local cloud of this folder",
            code="bad_name",
        )


@app.command()
def show(
    name: Annotated[
        str | None, typer.Argument(help="A connection; the one that a call would use without.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show a connection, or which one a call would use and where it comes from; no key."""
    if name is not None:
        _show(_config.load(), name, as_json=as_json)
        return
    found = _connection.find()
    document = {"api_url": found.url, "from": found.origin, "key_id": _id(found.key)}
    _output.show(document, as_json=as_json, human=lambda: _output.record(document))


@app.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List the connections, without their keys, and which is used when nothing else is said."""
    config = _config.load()
    rows = [_row(config, name) for name in sorted(config.connections)]
    _output.show({"data": rows}, as_json=as_json, human=lambda: _output.table(rows, COLUMNS))


@app.command()
def use(name: Name, *, as_json: AsJson = False) -> None:
    """Use a connection whenever nothing else is said; `local` is the local cloud of the folder."""
    config = _config.load()
    if name != _config.LOCAL:
        config.entry(name)
    _config.save(replace(config, use=None if name == _config.LOCAL else name))
    what = "the local cloud of each folder" if name == _config.LOCAL else name
    _output.show({"use": name}, as_json=as_json, human=lambda: [f"calls now go to {what}"])


@app.command()
def unset(name: Name, *, as_json: AsJson = False) -> None:
    """Forget a connection and its key; the API knows the key until it is revoked there."""
    config = _config.load()
    config.entry(name)
    rest = {each: entry for each, entry in config.connections.items() if each != name}
    in_use = None if config.use == name else config.use
    _config.save(replace(config, use=in_use, connections=rest))
    _output.show({"unset": name}, as_json=as_json, human=lambda: [f"forgot {name}"])


def _check_url(url: str) -> None:
    wrong = WrongUsage("--url must be like https://penstock.example.com", code="bad_url")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise wrong
    try:
        parts = urlsplit(url)
    except ValueError as problem:
        raise wrong from problem
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise wrong
    if parts.username is not None or parts.query or parts.fragment:
        raise WrongUsage("--url must hold no user, password or query", code="bad_url")


def _show(config: Config, name: str, *, as_json: bool) -> None:
    config.entry(name)
    document = _row(config, name)
    _output.show(document, as_json=as_json, human=lambda: _output.record(document))


def _row(config: Config, name: str) -> Mapping[str, Any]:
    entry = config.entry(name)
    return {
        "name": name,
        "in_use": name == config.use,
        "api_url": entry.api_url,
        "key_id": _id(entry.api_key),
    }


def _id(key: str) -> str:
    """What `penstock keys list` calls the key."""
    return api_key.id_of(api_key.digest(key))
