"""Tables that stand ready for Standardize: countries, states, first names, yes and no."""

import unicodedata
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import cache
from typing import Any, Final

from runtime.core.transforms import format as formats
from runtime.core.transforms.countries import COUNTRIES
from runtime.core.transforms.us_states import US_STATES


class Table(StrEnum):
    """What a value is looked up in. Case, accents, dots and spaces do not matter."""

    COUNTRIES = "countries"  # names, codes and common spellings → the name in English
    US_STATES = "us_states"  # postal codes, old abbreviations, names → the name
    NAMES = "names"  # first names as people type them → without quotes, in title case
    YES_NO = "yes_no"  # yes, y, true, t, on, 1 and their opposites → true and false


_TRUE: Final = ("yes", "y", "true", "t", "on", "1")
_FALSE: Final = ("no", "n", "false", "f", "off", "0")
_YES_NO: Final = {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}
_name: Final = formats.changer(formats.NAMES)


def _key(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(each for each in letters if not unicodedata.combining(each) and each != ".")
    return " ".join(bare.replace("\u2019", "'").split())


@cache  # read when it is first used
def _countries() -> dict[str, str]:
    return dict(_spellings(COUNTRIES))


@cache
def _us_states() -> dict[str, str]:
    return dict(_spellings(US_STATES))


def _spellings(lines: str) -> Iterator[tuple[str, str]]:
    """Every spelling of each line `NAME = SPELLING; SPELLING`, with the name."""
    for line in lines.strip().splitlines():
        name, _, others = line.partition(" = ")
        for spelling in (name, *others.split("; ")):
            yield _key(spelling), name


def _country(text: str) -> str | None:
    return _countries().get(_key(text))


def _us_state(text: str) -> str | None:
    return _us_states().get(_key(text))


def _yes_or_no(text: str) -> bool | None:
    return _YES_NO.get(_key(text))


# The standard value of a text; None when the table does not have it.
LOOK_UP: Final[dict[Table, Callable[[str], Any]]] = {
    Table.COUNTRIES: _country,
    Table.US_STATES: _us_state,
    Table.NAMES: _name,
    Table.YES_NO: _yes_or_no,
}
