"""Secrets of a declaration: the file names the variable of the environment that holds each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cli._errors import WrongUsage
from cli.project.document import check_names, text
from runtime.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class FromEnvironment:
    """Stands for a value that is in the environment of `penstock apply`, and never in the file."""

    variable: str  # its name


def parse(value: object, at: str) -> FromEnvironment:
    """What stands for a secret: `{ env = "NAME" }`. The error does not repeat the value.

    Raises:
        BadInput: it is a text of its own, or anything else.
    """
    if not isinstance(value, dict):
        raise BadInput(
            'a secret does not stand in the file: write { env = "NAME" }, in YAML { env: NAME },'
            " and set the variable NAME when you apply",
            field=at,
            code="literal_secret",
        )
    check_names(value, ("env",), at=f"{at}.")
    name = text(value.get("env"), f"{at}.env")
    if not name or "=" in name or "\0" in name:
        raise BadInput("must be the name of a variable", field=f"{at}.env")
    return FromEnvironment(variable=name)


def parse_open(value: object, at: str) -> str | FromEnvironment:
    """A text that may stand in the file, or what stands for it.

    Raises:
        BadInput: it is neither.
    """
    return text(value, at) if isinstance(value, str) else parse(value, at)


def opened(settings: Any, environment: Mapping[str, str], *, at: str) -> Any:
    """These settings with the value of each variable in its place.

    Args:
        settings: any JSON, with FromEnvironment for each secret.
        environment: values by the names of variables.
        at: the place of the settings in the file, for the error.

    Raises:
        WrongUsage: code `no_secret`: a variable is not set; all that are not are named.
    """
    missing = sorted(
        name for name in {each.variable for each in _of(settings)} if name not in environment
    )
    if missing:
        raise WrongUsage(
            f"{at} takes {', '.join(missing)} from the environment; set"
            f" {'it' if len(missing) == 1 else 'them'} and run this again",
            code="no_secret",
        )
    return _filled(settings, environment)


def _of(settings: Any) -> list[FromEnvironment]:
    match settings:
        case FromEnvironment():
            return [settings]
        case Mapping():
            return [each for value in settings.values() for each in _of(value)]
        case _:
            return []


def _filled(settings: Any, environment: Mapping[str, str]) -> Any:
    match settings:
        case FromEnvironment(variable=name):
            return environment[name]
        case Mapping():
            return {name: _filled(value, environment) for name, value in settings.items()}
        case _:
            return settings
