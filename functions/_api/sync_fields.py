"""What callers say of a sync's rows: which tables, topics and promoted columns it takes."""

from typing import Literal

from pydantic import Field

from functions._api.endpoint import Answer, Request
from runtime.core.warehouse.selection import PromotedColumn, PromotedType, Selection


class ColumnIn(Request):
    """A column that is made of a property, beside `properties`, which keeps everything."""

    table: Literal["events", "profiles"]
    name: str = Field(description="of the column: a letter, then letters, digits and _, lower case")
    type: Literal["string", "number", "boolean", "timestamp"]
    path: str = Field(description="into `properties`: names with dots between them")


class SelectionIn(Request):
    """Which rows a sync takes; what is left out is everything."""

    tables: list[str] = Field(default_factory=list, description="empty for all")
    include_topics: list[str] = Field(
        default_factory=list, description="topics or families such as `message.email.*`"
    )
    exclude_topics: list[str] = Field(
        default_factory=list, description="of those that are included, the ones to leave out"
    )
    columns: list[ColumnIn] = Field(
        default_factory=list, description="they are only ever added to, and keep their order"
    )

    def parsed(self) -> Selection:
        """The selection, unchecked."""
        return Selection(
            tables=tuple(self.tables),
            include_topics=tuple(self.include_topics),
            exclude_topics=tuple(self.exclude_topics),
            columns=tuple(
                PromotedColumn(
                    table=each.table,
                    name=each.name,
                    type=PromotedType(each.type),
                    path=each.path,
                )
                for each in self.columns
            ),
        )


class ColumnOut(Answer):
    """A promoted column."""

    table: str
    name: str
    type: PromotedType
    path: str


class SelectionOut(Answer):
    """Which rows a sync takes."""

    tables: list[str] = Field(description="empty for all")
    include_topics: list[str] = Field(description="empty for all")
    exclude_topics: list[str]
    columns: list[ColumnOut]
