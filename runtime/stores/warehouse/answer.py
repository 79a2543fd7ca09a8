"""What a person gets who asks a warehouse or the lake."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of an answer."""

    name: str
    type: str  # the database's name of it, such as `varchar` or `super`


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The rows that a statement gave."""

    columns: tuple[Column, ...]  # empty for a statement that gives no rows
    rows: tuple[tuple[Any, ...], ...]  # texts, numbers, booleans and None; JSON is a text
    total: int  # how many rows there are, also those that were not read
