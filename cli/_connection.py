"""Which API to talk to, and with which key."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cli._errors import WrongUsage

API_URL: Final = "PENSTOCK_API_URL"
API_KEY: Final = "PENSTOCK_API_KEY"
STATE: Final = Path(".local") / "state.json"  # written by `penstock local up`


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An API and a key for it."""

    url: str  # without a slash at its end
    key: str = field(repr=False)
    origin: str  # where both come from, for people: `environment`, or the path of a file


def find() -> Connection:
    """The connection from the environment, else from the local cloud of this folder or one above.

    Raises:
        WrongUsage: code `no_connection` or `bad_key`.
    """
    url, key = os.environ.get(API_URL, ""), os.environ.get(API_KEY, "")
    if url and key:
        _check_key(key)
        return Connection(url=url.rstrip("/"), key=key, origin="environment")
    if url or key:
        missing = API_KEY if url else API_URL
        raise WrongUsage(f"set {missing} as well", code="no_connection")
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / STATE).is_file():
            return _from_state(folder / STATE)
    raise WrongUsage(
        f"no API to talk to: set {API_URL} and {API_KEY}, or run `penstock local up` first",
        code="no_connection",
    )


def _check_key(key: str) -> None:
    if not key.isascii() or not key.isprintable() or " " in key:
        raise WrongUsage(
            f"{API_KEY} holds a blank or another character that no key has; was it copied whole?",
            code="bad_key",
        )


def _from_state(path: Path) -> Connection:
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        return Connection(url=state["api_url"].rstrip("/"), key=state["api_key"], origin=str(path))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise WrongUsage(
            f"{path} is unreadable; run `penstock local down`, then `penstock local up`",
            code="no_connection",
        ) from problem
