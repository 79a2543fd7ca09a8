"""How a resource file declares its endpoints: a function, its types, and one line about it.

The types are the contract twice over: they parse the request, and they become the OpenAPI document.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from functions._api import fields, routes
from runtime.core import cursor as cursors
from runtime.core.page import Page

T = TypeVar("T")
R = TypeVar("R")


class Request(BaseModel):
    """A body or a query: what is not named here is refused, and a string is not a number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Answer(BaseModel):
    """A resource as callers see it; read from a record, and only what is named here leaves.

    `shown_once` names the field that is never shown again, and so never stored in the clear.
    """

    model_config = ConfigDict(from_attributes=True, frozen=True)
    shown_once: ClassVar[str | None] = None


class ListQuery(BaseModel):
    """How much of a listing, and from where."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    cursor: fields.Cursor | None = Field(
        default=None, description="`next_cursor` of the page before"
    )
    limit: int = Field(default=cursors.DEFAULT_LIMIT, ge=1, le=cursors.MAX_LIMIT)

    def position(self, *listing: str) -> str | None:
        """Where to go on in this listing; raises BadInput for another listing's cursor."""
        return None if self.cursor is None else cursors.decode(self.cursor, listing=listing)


class Listing(BaseModel, Generic[T]):
    """One page."""

    data: list[T]
    next_cursor: str | None = None


def listing(page: Page[R], read: Callable[[R], T], *, of: tuple[str, ...]) -> Listing[T]:
    """A page of records as a page of answers; `of` is what `ListQuery.position` was given."""
    following = None if page.after is None else cursors.encode(page.after, listing=of)
    return Listing(data=[read(record) for record in page.items], next_cursor=following)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one path."""

    method: str
    rule: str  # the path as `Routes` takes it
    scope: str | None
    status: int
    call: Callable[..., Any]
    parameters: tuple[str, ...]
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    answer: type[BaseModel] | None

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.call) or "").partition("\n")[0]

    @property
    def path(self) -> str:
        """The path as documents and logs write it."""
        return routes.plain(self.rule)


@cache  # made when it is first needed: a start must not wait for all of them
def path_model(each: Endpoint) -> type[BaseModel]:
    """The path's parameters as a model, by the types that the function gives them."""
    hints = get_type_hints(each.call, include_extras=True)
    kinds: dict[str, Any] = {name: (hints[name], ...) for name in each.parameters}
    return create_model("Path", __base__=Request, **kinds)


def endpoint(
    method: str, path: str, *, scope: str | None, status: int = 200
) -> Callable[[Callable[..., Any]], Endpoint]:
    """Declare the decorated function to be this endpoint; `path` is a rule of `Routes`.

    It is called with the application, the caller's key, and by name the path's parameters and, if
    it takes them, `body` and `query`.
    """

    def declare(call: Callable[..., Any]) -> Endpoint:
        hints = get_type_hints(call, include_extras=True)
        answer = hints.get("return")
        return Endpoint(
            method=method,
            rule=path,
            scope=scope,
            status=status,
            call=call,
            parameters=routes.parameters(path),
            body=hints.get("body"),
            query=hints.get("query"),
            answer=answer if isinstance(answer, type) and issubclass(answer, BaseModel) else None,
        )

    return declare
