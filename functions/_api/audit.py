"""/v1/audit: who changed what."""

from dataclasses import astuple
from typing import Any

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import Answer, Listing, ListQuery, endpoint, listing
from runtime.core.audit import entry as entries
from runtime.core.audit.entry import ActorKind, ChangeOutcome, Entry
from runtime.core.audit.selection import Selection
from runtime.core.tenancy.api_key import ApiKey
from runtime.wiring.api import Api


class AuditQuery(ListQuery):
    """Which changes."""

    since: fields.Time | None = Field(default=None, description="begun at or after, RFC 3339")
    until: fields.Time | None = Field(default=None, description="begun at or before, RFC 3339")
    action: fields.Action | None = Field(
        default=None, description="such as `webhook.updated`, or a prefix such as `webhook.*`"
    )
    actor: fields.ResourceId | None = Field(
        default=None, description="the id of the API key that made them"
    )
    resource: fields.ResourceId | None = Field(
        default=None,
        description="the id of what was changed; a function's name also for its versions and"
        " secrets",
    )
    outcome: ChangeOutcome | None = None

    @property
    def selection(self) -> Selection:
        """The same, as the store takes it."""
        return Selection(
            since=self.since,
            until=self.until,
            actor_id=self.actor,
            action=self.action,
            resource_id=self.resource,
            outcome=self.outcome,
        )


class ActorOut(Answer):
    """Who made a change."""

    kind: ActorKind
    id: str | None = Field(description="the API key's; null for others")
    name: str = Field(description="the API key's name at that time; for others their kind")


class ResourceOut(Answer):
    """What was changed."""

    kind: str = Field(description="the noun of the action")
    id: str | None = Field(
        description="parts of a thing stand after a slash, as in `vip/3` for a version; null for a"
        " thing that was not created"
    )


class EntrySummary(Answer):
    """A change in a list: without what the thing looked like."""

    id: str
    at: str = Field(description="when it began")
    action: str
    resource: ResourceOut
    actor: ActorOut
    request_id: str | None = Field(description="of the API call; null for a change without one")
    outcome: ChangeOutcome = Field(
        description="`unknown`: a fault on our side, so it may have been made; look at the thing"
    )
    code: str | None = Field(description="of the error; null for none")
    changed: list[str] = Field(
        description="the fields that differ, of a thing that was there before and after"
    )
    ended_at: str | None = Field(description="null while it is under way")


class EntryOut(EntrySummary):
    """A change, with the thing as GET showed it before and after.

    Parts of URLs that may be credentials are masked, and a field of more than 8 KB is shown as its
    `bytes` and its `sha256`.
    """

    before: dict[str, Any] | None = Field(description="null when there was no such thing")
    after: dict[str, Any] | None = Field(
        description="null when there is no such thing any more, and when `outcome` is not `done`"
    )


@endpoint("GET", "/v1/audit", scope="audit:read")
def list_all(api: Api, caller: ApiKey, *, query: AuditQuery) -> Listing[EntrySummary]:
    """List changes of your tenant's things, the newest first."""
    selection = query.selection
    of = (caller.tenant, "audit", *(str(each or "") for each in astuple(selection)))
    page = api.audit.log.list(
        caller.tenant, selection, limit=query.limit, after=query.position(*of)
    )
    return listing(page, _summary, of=of)


@endpoint("GET", "/v1/audit/{entry_id}", scope="audit:read")
def show(api: Api, caller: ApiKey, *, entry_id: fields.ResourceId) -> EntryOut:
    """Show a change, with the thing before and after it."""
    return EntryOut.model_validate(entries.shown(api.audit.log.get(caller.tenant, entry_id)))


def _summary(entry: Entry) -> EntrySummary:
    return EntrySummary.model_validate(entries.shown(entry))


ENDPOINTS = (list_all, show)
