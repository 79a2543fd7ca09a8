"""Stamps: when a value was set, and by what.

`<ISO 8601>|<an event's id>` is of an event, `<ISO 8601>|~<revision>|<cause>` of a change by a run
or a caller, whose cause is `run:…`, `key:…` or `job:…`. A leading `-` marks what an event only
mentioned.
"""

from typing import Final

_LATER_FIRST: Final = {code: 127 - code for code in range(128)}


def rank(stamp: str) -> tuple[bool, str]:
    """The order of stamps: the greater one wins.

    What was mentioned loses against all that was set. Of two mentions the earlier wins, so that
    another message to a known address is no news.
    """
    was_set = not stamp.startswith("-")
    return was_set, stamp if was_set else stamp.translate(_LATER_FIRST)


def cause_of(stamp: str) -> str:
    """What set a value, by its stamp: an event's id, or the cause of a change."""
    by = stamp.partition("|")[2]  # an event's id may have a `|` itself
    return by.partition("|")[2] or by if by.startswith("~") else by


def moment_of(stamp: str) -> str:
    """When a value was set, by its stamp: ISO 8601."""
    return stamp.removeprefix("-").partition("|")[0]
