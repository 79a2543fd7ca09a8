"""What the environment asks of this sandbox; no other setting is read from it."""

from __future__ import annotations

import os
from typing import Final

from sandbox.engine_host import Options
from sandbox.engines import EngineName

_LEVELS: Final = ("auto", "seccomp", "rlimit")
_CREDENTIALS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_EGRESS: Final = ("internet", "none")
_ENGINES: Final = ("auto", *EngineName)


class SettingInvalid(ValueError):
    """The environment asks for what does not exist: guessing could open what was to be shut."""


def options() -> Options:
    """The options of this process's environment."""
    return Options(
        isolation=_one_of("PENSTOCK_SANDBOX_ISOLATION", _LEVELS),
        allow_weak=os.environ.get("PENSTOCK_ALLOW_WEAK_SANDBOX") == "1",
        egress=_one_of("PENSTOCK_SANDBOX_EGRESS", _EGRESS) == "internet",
        engine=_one_of("PENSTOCK_SANDBOX_ENGINE", _ENGINES),
    )


def forget_credentials() -> None:
    """Take the cloud's credentials out of this process's environment: nothing here uses them.

    They are those of a role that may do nothing. A worker that has left its engine and found a way
    to read this process is not to find even these.
    """
    for name in _CREDENTIALS:
        os.environ.pop(name, None)


def _one_of(name: str, known: tuple[str, ...]) -> str:
    """The value; the first of the known ones where there is none."""
    value = os.environ.get(name, known[0])
    if value not in known:
        raise SettingInvalid(f"{name} is one of {', '.join(known)}")
    return value
