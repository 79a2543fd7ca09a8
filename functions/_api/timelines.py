"""/v1/profiles/{profile_id}/timeline: what happened to one person."""

from typing import Any

from pydantic import Field

from functions._api import fields
from functions._api.deliveries import DeliverySummary
from functions._api.endpoint import Answer, Listing, ListQuery, endpoint, listing
from runtime.core.functions.run import Outcome
from runtime.core.shallow import shallow
from runtime.core.tenancy.api_key import ApiKey
from runtime.core.timeline.changes import MAX_ATTRIBUTES, MAX_VALUE_CHARS
from runtime.core.timeline.entry import EntryKind, Selection
from runtime.usecases.timeline.show_timeline import MAX_SUBSCRIBERS, TimelineItem
from runtime.wiring.api import Api


class TimelineQuery(ListQuery):
    """Which entries."""

    kind: EntryKind | None = None
    since: fields.Time | None = Field(default=None, description="happened at or after, RFC 3339")
    until: fields.Time | None = Field(default=None, description="happened at or before, RFC 3339")

    @property
    def selection(self) -> Selection:
        """The same, as the use case takes it."""
        kinds = None if self.kind is None else frozenset({self.kind})
        return Selection(kinds=kinds, since=self.since, until=self.until)


class AttributeChangeOut(Answer):
    """How one attribute of the profile changed."""

    attribute: str = Field(
        description="such as `properties.city`, `names.email`, `consent.sms`; `derived.…` is what"
        " data transforms made"
    )
    before: Any = Field(description="null for no value")
    after: Any = Field(description="null for no value")
    is_cut: bool = Field(
        description=f"whether a value had more than {MAX_VALUE_CHARS} characters as JSON; it is the"
        " beginning of that, as a text"
    )


class TimelineRun(Answer):
    """A run on the event, as it stands now; nothing of the code or of what it returned."""

    id: str
    function: str
    webhook_id: str | None = Field(description="the webhook whose transform it was; else null")
    version: int = Field(description="0 when no version could run")
    outcome: Outcome
    attempt: int
    due_at_ms: int | None = Field(description="when the next attempt is due; null without one")
    created_at: str


class TimelineEntryOut(Answer):
    """One thing that happened to a person; a field that its kind does not have is null or empty."""

    id: str = Field(description="of an event its own, for `/v1/events` and `/v1/traces`")
    kind: EntryKind
    at: str = Field(description="when it happened; of an event and what it set, its `occurred_at`")
    recorded_at: str = Field(description="when it reached Penstock")
    profile_id: str = Field(description="the profile as it was then; it may be merged since")
    topic: str | None = Field(description="of an event")
    runs: list[TimelineRun] = Field(
        description="of an event: its runs by functions and transforms that take its topic now"
    )
    deliveries: list[DeliverySummary] = Field(
        description="of an event: what was sent of it to webhooks that take its topic now, and what"
        " those runs made besides"
    )
    is_partial: bool = Field(
        description=f"whether more was run or sent of the event: of more than {MAX_SUBSCRIBERS}"
        " webhooks only the first are looked up. Its trace has all"
    )
    cause: str | None = Field(
        description="of a change: an event's id, `run:…`, `key:…`, `job:…`, or `transforms`; null"
        " when an un-merge took the values away"
    )
    changes: list[AttributeChangeOut] = Field(
        description=f"of a change: the first {MAX_ATTRIBUTES} attributes"
    )
    changes_left_out: int = Field(description="how many more attributes it changed")
    profile_ids: list[str] = Field(
        description="of a merge: the profiles that became part of this one; of an unmerge: those"
        " that it has parted from"
    )
    event_id: str | None = Field(description="of a refusal: the event that gave the name")
    name_kind: str | None = Field(description="of a refusal, such as `email`")
    name_value: str | None = Field(description="of a refusal")
    rule: str | None = Field(description="of a refusal: the rule that it would have broken")
    other_id: str | None = Field(
        description="of a refusal: the profile that has the name; null when none has"
    )


@endpoint("GET", "/v1/profiles/{profile_id}/timeline", scope="profiles:read")
def show(
    api: Api, caller: ApiKey, *, profile_id: fields.ProfileId, query: TimelineQuery
) -> Listing[TimelineEntryOut]:
    """Show what happened to a person, the newest first; a page may be short and not the last.

    It has the events about the person with what was run and sent, what changed in the profile and
    what set it, merges, and names that were refused. What happened to profiles that were merged
    into this one stands among it.
    """
    selection = query.selection
    filters = (query.kind or "", selection.since or "", selection.until or "")
    of = (caller.tenant, "timeline", profile_id, *filters)
    page = api.timeline.show(
        caller.tenant, profile_id, selection, limit=query.limit, after=query.position(*of)
    )
    return listing(page, _entry_out, of=of)


def _entry_out(item: TimelineItem) -> TimelineEntryOut:
    records = {"runs": item.runs, "deliveries": item.deliveries, "is_partial": item.is_partial}
    return TimelineEntryOut.model_validate({**shallow(item.entry), **records})


ENDPOINTS = (show,)
