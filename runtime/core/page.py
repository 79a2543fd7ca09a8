"""One page of a listing."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some records of a listing."""

    items: tuple[T, ...]  # in the listing's order
    after: str | None = None  # where the next page begins; None when this is the last page
