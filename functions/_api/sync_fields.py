"""What callers say of a sync's rows: which tables, topics and promoted columns it takes."""

from typing import Annotated, Literal

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import Answer, Request
from runtime.core.warehouse import selection, tables
from runtime.core.warehouse.selection import PromotedColumn, PromotedType, Selection

TableName = Annotated[str, fields.says(enum=list(tables.BY_NAME))]


class ColumnIn(Request):
    """A column that is made of a property, beside `properties`, which keeps everything."""

    table: Literal["events", "profiles"]
    name: Annotated[str, fields.says(pattern=fields.whole(selection.NAME))] = Field(
        description="of the column; no word of SQL, and no column that there is"
    )
    type: Literal["string", "number", "boolean", "timestamp"]
    path: Annotated[
        str,
        fields.says(pattern=fields.whole(selection.PATH), maxLength=selection.MAX_PATH_CHARS),
    ] = Field(description="into `properties`: names with dots between them")


class SelectionIn(Request):
    """Which rows a sync takes; what is left out is everything."""

    tables: list[TableName] = Field(
        default_factory=list,
        description="empty for all; `messages` needs `events`, and `profile_identities` `profiles`",
    )
    include_topics: fields.SomeTopics = Field(
        default_factory=list, description="topics or families such as `message.email.*`"
    )
    exclude_topics: fields.SomeTopics = Field(
        default_factory=list, description="of those that are included, the ones to leave out"
    )
    columns: Annotated[list[ColumnIn], fields.says(maxItems=selection.MAX_COLUMNS)] = Field(
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
