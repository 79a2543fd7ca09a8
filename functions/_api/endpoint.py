"""How a resource file declares its endpoints: a function, its types, and one line about it.

The types serve twice: they parse the request, and the OpenAPI document is made of them.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Final, Generic, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from functions._api import fields, routes
from runtime.core import cursor as cursors
from runtime.core.page import Page

T = TypeVar("T")
R = TypeVar("R")


# A model's validator is built when it is first used. A copy of the API that starts for one call
# needs those of one endpoint, and building all of them would be a tenth of its start.
LATE: Final = ConfigDict(defer_build=True)


class Request(BaseModel):
    """A body or a query. A field that the model does not name is refused, and so is "1" for 1."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, **LATE)


def without_defaults(schema: dict[str, Any]) -> None:
    """The schema of a body of changes: what is left out stays, so no field has a default."""
    for each in schema["properties"].values():
        each.pop("default", None)


class Answer(BaseModel):
    """A resource as callers see it: the fields of a record that the model names, and no others."""

    model_config = ConfigDict(from_attributes=True, frozen=True, **LATE)
    # The field that is shown in this answer only, and so never stored in the clear; None for none.
    shown_once: ClassVar[str | None] = None
    # The HTTP status of this answer where it is the endpoint's other one; None for the usual one.
    answered_with: ClassVar[int | None] = None
    # Whether it shows more than its `etag` is made of; such an answer is always sent whole.
    exceeds_etag: ClassVar[bool] = False


class ListQuery(BaseModel):
    """How much of a listing, and from where."""

    model_config = ConfigDict(extra="forbid", frozen=True, **LATE)
    cursor: fields.Cursor | None = Field(
        default=None, description="`next_cursor` of the page before"
    )
    limit: int = Field(default=cursors.DEFAULT_LIMIT, ge=1, le=cursors.MAX_LIMIT)

    def position(self, *listing: str) -> str | None:
        """Where to go on in this listing; None at its beginning.

        Raises:
            BadInput: the cursor is none of ours, or is another listing's.
        """
        return None if self.cursor is None else cursors.decode(self.cursor, listing=listing)


class Listing(BaseModel, Generic[T]):
    """One page."""

    model_config = LATE
    data: list[T]
    next_cursor: str | None = None


def listing(page: Page[R], read: Callable[[R], T], *, of: tuple[str, ...]) -> Listing[T]:
    """A page of records as a page of answers.

    Args:
        page: the records.
        read: makes an answer of a record.
        of: the names that tell this listing from others, the same as for `ListQuery.position`.
    """
    following = None if page.after is None else cursors.encode(page.after, listing=of)
    return Listing(data=[read(record) for record in page.items], next_cursor=following)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """How the audit log records the change that an endpoint makes."""

    action: str  # a noun and a verb, such as `webhook.updated`; its event's topic ends with it
    # The names of the parts of the changed thing's id: parameters of the path, or fields of the
    # body or the answer.
    id: tuple[str, ...]
    # Shows the thing as it stands, with the arguments of the path; None when there is none before.
    show: Callable[..., BaseModel] | None = None
    # The fields of the answer that show the thing; None for all but the one that is shown once.
    fields: frozenset[str] | None = None
    # Whether a call with these parameters stores nothing, and so changes nothing.
    stores_nothing: Callable[[Mapping[str, Any]], bool] = lambda _parameters: False


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one path."""

    method: str
    rule: str  # the path as `Routes` takes it
    scope: str | None  # that the caller's key must have; None when any key will do
    status: int  # of HTTP, when the call succeeds
    other_status: int | None  # of some answers, which say so by `answered_with`; None for none
    is_for_receivers: bool  # whether a key that is for one webhook may call it
    call: Callable[..., Any]
    parameters: tuple[str, ...]  # the names in the path
    body: type[BaseModel] | None  # None when the call takes no body
    query: type[BaseModel] | None  # None when the call takes no query
    answer: type[BaseModel] | None  # None when the answer has no body
    takes_if_match: bool  # whether the call heeds the header `If-Match`
    audited: Audited | None  # None for a call that changes nothing which the audit log is to have

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.call) or "").partition("\n")[0]

    @property
    def has_etag(self) -> bool:
        """Whether the answer has an ETag."""
        return self.answer is not None and "etag" in self.answer.model_fields

    @property
    def takes_if_none_match(self) -> bool:
        """Whether a caller that has the answer already is told so by 304."""
        if self.method != "GET" or self.answer is None or not issubclass(self.answer, Answer):
            return False
        return self.has_etag and not self.answer.exceeds_etag

    @property
    def path(self) -> str:
        """The path as documents and logs write it."""
        return routes.plain(self.rule)


@cache  # made when it is first asked for, so that a start need not wait for all of them
def path_model(each: Endpoint) -> type[BaseModel]:
    """A model of the path's parameters, with the types that the endpoint's function gives them."""
    hints = get_type_hints(each.call, include_extras=True)
    kinds: dict[str, Any] = {name: (hints[name], ...) for name in each.parameters}
    return create_model("Path", __base__=Request, **kinds)


def endpoint(  # noqa: PLR0913 - each is a word of a declaration
    method: str,
    path: str,
    *,
    scope: str | None,
    status: int = 200,
    other_status: int | None = None,
    is_for_receivers: bool = False,
    audited: Audited | None = None,
) -> Callable[[Callable[..., Any]], Endpoint]:
    """Declare the decorated function to be this endpoint; `path` is a rule of `Routes`.

    It is called with the application, the caller's key, and by name the path's parameters and, if
    it takes them, `body`, `query` and `if_match`.
    """

    def declare(call: Callable[..., Any]) -> Endpoint:
        hints = get_type_hints(call, include_extras=True)
        answer = hints.get("return")
        return Endpoint(
            method=method,
            rule=path,
            scope=scope,
            status=status,
            other_status=other_status,
            is_for_receivers=is_for_receivers,
            call=call,
            parameters=routes.parameters(path),
            body=hints.get("body"),
            query=hints.get("query"),
            takes_if_match="if_match" in hints,
            audited=audited,
            answer=answer if isinstance(answer, type) and issubclass(answer, BaseModel) else None,
        )

    return declare
