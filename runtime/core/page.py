"""One page of a listing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some records of a listing."""

    items: tuple[T, ...]  # in the listing's order
    after: str | None = None  # where the next page begins; None when this is the last page


def every(page_after: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """The records of all pages of a listing.

    Args:
        page_after: the page that begins at a place; None is the beginning.
    """
    page = page_after(None)
    yield from page.items
    while page.after is not None:
        page = page_after(page.after)
        yield from page.items
