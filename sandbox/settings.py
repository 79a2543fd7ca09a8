"""Reads the sandbox's settings. No other module here reads a setting from the environment."""

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
    """A variable has a value that is not one of its choices.

    The sandbox does not guess: a guess could open what the variable was meant to close.
    """


def options() -> Options:
    """The options that this process's environment sets.

    Raises:
        SettingInvalid: a variable has a value that is not one of its choices.
    """
    return Options(
        isolation=_one_of("PENSTOCK_SANDBOX_ISOLATION", _LEVELS),
        allow_weak=os.environ.get("PENSTOCK_ALLOW_WEAK_SANDBOX") == "1",
        egress=_one_of("PENSTOCK_SANDBOX_EGRESS", _EGRESS) == "internet",
        engine=_one_of("PENSTOCK_SANDBOX_ENGINE", _ENGINES),
    )


def forget_credentials() -> None:
    """Take the cloud's credentials out of this process's environment; the sandbox uses none.

    Their role permits nothing. Even so, user code that broke out of its engine and could read this
    process must not find them.
    """
    for name in _CREDENTIALS:
        os.environ.pop(name, None)


def _one_of(name: str, choices: tuple[str, ...]) -> str:
    """The value of this variable; the first of the choices if it is not set."""
    value = os.environ.get(name, choices[0])
    if value not in choices:
        raise SettingInvalid(f"{name} is one of {', '.join(choices)}")
    return value
