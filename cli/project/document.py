"""Reads a project's file, as TOML or as YAML, and its keys by the kind of value that each holds.

Each reader of a key raises BadInput with the key's place in its table; whoever knows the file turns
that into an error that names the file as well (`faults_of`).
"""

import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from cli import _files
from cli._errors import WrongUsage
from cli._names import nearest
from cli.project import keys
from runtime.errors import BadInput

T = TypeVar("T")
FILE: Final = "penstock.toml"
YAML_FILE: Final = "penstock.yaml"
# Sections whose tables are each about one thing: their names are the names of the things.
_OF_MANY: Final = ("functions", "transforms", "webhooks", "syncs", "keys")
_YAML_ENDINGS: Final = (".yaml", ".yml")


def of_folder(folder: Path) -> Path:
    """The file of a folder: its `penstock.toml`, or else its `penstock.yaml`.

    Raises:
        WrongUsage: code `two_files`: it has both, and nobody can say which of them holds.
    """
    toml, yaml = folder / FILE, folder / YAML_FILE
    if toml.is_file() and yaml.is_file():
        raise WrongUsage(
            f"{folder} has a {FILE} and a {YAML_FILE}; name one of them by -f, or delete it",
            code="two_files",
        )
    return yaml if yaml.is_file() else toml


def is_yaml(path: Path) -> bool:
    """Whether a file is read as YAML; every other one is TOML."""
    return path.suffix.lower() in _YAML_ENDINGS


def read(path: Path) -> Mapping[str, Any]:
    """The sections of a file, each of them a table; the keys in them are not judged yet.

    Raises:
        WrongUsage: code `bad_settings`: it is neither TOML nor YAML, or has a section that is
            unknown or no table; or one of `_files.read_text`.
    """
    text = _files.read_text(path)
    with faults_of(path):
        sections = _of_yaml(text) if is_yaml(path) else _of_toml(text)
        check_names(sections, keys.SECTIONS)
        for name, section in sections.items():
            if not isinstance(section, dict):
                raise BadInput(f"must be a table, such as [{name}] in TOML", field=name)
            for each, own in section.items() if name in _OF_MANY else ():
                if not isinstance(own, dict):
                    rule = f"must be a table, such as [{name}.{each}] in TOML"
                    raise BadInput(rule, field=(name, each))
    return sections


def _of_toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise BadInput(str(problem)) from problem


def _of_yaml(text: str) -> dict[str, Any]:
    """The sections; one without anything below it is an empty table."""
    from cli.project import yaml_text  # deferred: a penstock.toml needs no parser of YAML

    sections = yaml_text.parse(text)
    return {name: {} if section is None else section for name, section in sections.items()}


@contextmanager
def faults_of(path: Path, *, at: str = "") -> Iterator[None]:
    """Name the file, and the table `at` in it, in what is wrong with one of its values.

    Raises:
        WrongUsage: code `bad_settings`.
    """
    try:
        yield
    except BadInput as problem:
        place = ".".join(filter(None, (at, problem.field)))
        raise _bad(path, ": ".join(filter(None, (place, problem.message)))) from problem


def declared(
    path: Path,
    sections: Mapping[str, Any],
    section: str,
    parse: Callable[[str, Mapping[str, Any]], T],
) -> Iterator[T]:
    """The things of a section, in the order of the file.

    Args:
        path: the file.
        sections: all that it has.
        section: the name of the section, whose tables are each about one thing.
        parse: makes a thing of its name and its table; raises BadInput.

    Raises:
        WrongUsage: code `bad_settings`; the message names the file and the key.
    """
    for name, own in sections.get(section, {}).items():
        with faults_of(path, at=f"{section}.{name}"):
            yield parse(name, own)


def check_names(own: Mapping[str, Any], known: Collection[str], *, at: str = "") -> None:
    """Refuse a name that is not known: a setting that is misspelt would not be in force."""
    for name in own:
        if name not in known:
            raise BadInput(f"is unknown; {nearest(name, known)}", field=f"{at}{name}")


def text(value: object, at: str) -> str:
    """A text."""
    if not isinstance(value, str):
        raise BadInput("must be text in quotes", field=at)
    return value


def texts(own: Mapping[str, Any], name: str, *, like: str) -> tuple[str, ...]:
    """A list of texts; none where the key is left out."""
    values = own.get(name, [])
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise BadInput(f"must be a list of texts, such as {name} = {like}", field=name)
    return tuple(values)


def choice(value: object, known: Iterable[str], at: str) -> str:
    """One of the texts that are known."""
    texts_known = [str(each) for each in known]
    name = text(value, at)
    if name not in texts_known:
        raise BadInput(f"is unknown; {nearest(name, texts_known)}", field=at)
    return name


def table(own: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A table; an empty one where the key is left out."""
    value = own.get(name, {})
    if not isinstance(value, dict):
        raise BadInput(f"must be a table, such as {name} = {{ … }}", field=name)
    return value


def whole_number(value: object, at: str) -> int:
    """A whole number; `true` is none."""
    if type(value) is not int:
        raise BadInput("must be a whole number", field=at)
    return value


def whole_numbers(value: object, at: str) -> tuple[int, ...]:
    """A list of whole numbers of seconds."""
    if not isinstance(value, list) or not all(type(each) is int for each in value):
        raise BadInput("must be a list of whole numbers of seconds", field=at)
    return tuple(value)


def switch(value: object, at: str) -> bool:
    """`true` or `false`."""
    if not isinstance(value, bool):
        raise BadInput("must be true or false", field=at)
    return value


def _bad(path: Path, what: str) -> WrongUsage:
    return WrongUsage(f"{path}: {what}", code="bad_settings")
