"""Which API to talk to, and with which key."""

import json
import os
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cli import _config
from cli._errors import WrongUsage

API_URL: Final = "PENSTOCK_API_URL"
API_KEY: Final = "PENSTOCK_API_KEY"
# The name that `penstock --as NAME` gave; None without it.
CHOSEN: Final[ContextVar[str | None]] = ContextVar("chosen", default=None)
STATE: Final = Path(".local") / "state.json"  # written by `penstock local up`


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An API and a key for it."""

    url: str  # without a slash at its end
    key: str = field(repr=False)
    # Where both come from, for people: `environment`, the path of a local cloud's state, or the
    # connection's name and the path of the configuration file.
    origin: str


def find() -> Connection:
    """The connection that a call uses now.

    `--as` comes first, then the environment, then what `penstock config use` chose, then the local
    cloud of this folder or of one above.

    Raises:
        WrongUsage: code `no_connection`, `bad_key`, `unknown_connection`, or one of `_config.load`.
    """
    chosen = CHOSEN.get()
    if chosen is not None:
        return _named(chosen, _config.load())
    if os.environ.get(API_URL) or os.environ.get(API_KEY):
        return _from_environment()
    config = _config.load()
    return _from_folder() if config.use is None else _named(config.use, config)


def _from_environment() -> Connection:
    url, key = os.environ.get(API_URL, ""), os.environ.get(API_KEY, "")
    if not url or not key:
        raise WrongUsage(f"set {API_KEY if url else API_URL} as well", code="no_connection")
    check_key(key, origin=API_KEY)
    return Connection(url=url.rstrip("/"), key=key, origin="environment")


def _named(name: str, config: _config.Config) -> Connection:
    if name == _config.LOCAL:
        return _from_folder()
    entry = config.entry(name)
    origin = f"{name} in {config.path}"
    check_key(entry.api_key, origin=origin)
    return Connection(url=entry.api_url.rstrip("/"), key=entry.api_key, origin=origin)


def state_file() -> Path | None:
    """The state of the local cloud of this folder or of the nearest one above; None without one."""
    files = (folder / STATE for folder in (Path.cwd(), *Path.cwd().parents))
    return next((file for file in files if file.is_file()), None)


def _from_folder() -> Connection:
    file = state_file()
    if file is not None:
        return of_local_cloud(file)
    raise WrongUsage(
        f"no API to talk to: name one by `penstock config set`, set {API_URL} and {API_KEY}, or run"
        " `penstock local up` first",
        code="no_connection",
    )


def check_key(key: str, *, origin: str) -> None:
    """Refuse a key that no header can carry.

    Raises:
        WrongUsage: code `bad_key`; it calls the key's place `origin`, and does not show the key.
    """
    if not key.isascii() or not key.isprintable() or " " in key:
        raise WrongUsage(
            f"{origin} holds a blank or another character that no key has; was it copied whole?",
            code="bad_key",
        )


def of_local_cloud(path: Path) -> Connection:
    """The local cloud that this state file is of, as the tenant of its first key.

    Raises:
        WrongUsage: code `no_connection`: the file is unreadable.
    """
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        return Connection(url=state["api_url"].rstrip("/"), key=state["api_key"], origin=str(path))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise WrongUsage(
            f"{path} is unreadable; run `penstock local down`, then `penstock local up`",
            code="no_connection",
        ) from problem
