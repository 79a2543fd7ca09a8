"""One page of a listing."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some records in order; `after` continues behind the last one, None when that was all."""

    items: tuple[T, ...]
    after: str | None = None
