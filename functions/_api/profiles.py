"""/v1/profiles."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from functions._api import fields
from functions._api.endpoint import (
    LATE,
    Answer,
    Audited,
    Listing,
    ListQuery,
    Request,
    endpoint,
    listing,
    without_defaults,
)
from functions._api.jobs import JobOut
from runtime.core.events import envelope
from runtime.core.preconditions import IfMatch
from runtime.core.profiles.consent import CHANNELS
from runtime.core.profiles.identity import Rule
from runtime.core.profiles.profile import Profile
from runtime.core.tenancy.api_key import ApiKey
from runtime.usecases.profiles.upsert_profiles import MAX_RECORDS, Upserted, UpsertOutcome
from runtime.wiring.api import Api

# What the audit log keeps of a profile: an entry must not outlive the person that it is about.
_AUDITED: frozenset[str] = frozenset({"id", "revision"})


class ProfilesQuery(ListQuery):
    """Whom: at most one name of the person. A kind of the tenant's own is a parameter, too."""

    model_config = ConfigDict(extra="allow", frozen=True, **LATE)
    external_id: fields.ProfileId | None = Field(default=None, description="the customer's own id")
    email: fields.ProfileId | None = None
    phone: fields.ProfileId | None = None
    anonymous_id: fields.ProfileId | None = Field(
        default=None, description="a device's or a browser's"
    )

    @property
    def names(self) -> dict[str, str]:
        """The names that are given, by their kind."""
        standard = {kind: getattr(self, kind) for kind in envelope.NAME_KINDS}
        given = {kind: text for kind, text in standard.items() if text is not None}
        return given | (self.model_extra or {})


class ConsentOut(Answer):
    """What a person has said to messages on a channel."""

    status: Literal["subscribed", "unsubscribed"]
    source: str = Field(description="what said so: a topic, or what a caller named")
    at: str


class UnusableNameOut(Answer):
    """A text that was given as a name, and that can be none."""

    value: str
    reason: str


class ProfileOut(Answer):
    """A person, as known now."""

    id: str
    external_id: str | None = Field(description="the latest one, as those of the other kinds")
    email: str | None
    phone: str | None
    anonymous_id: str | None
    names: dict[str, list[str]] = Field(
        description="every name that leads to the profile, by its kind; the latest first"
    )
    properties: dict[str, Any] = Field(description="with the values of data transforms")
    consent: dict[str, ConsentOut] = Field(description="by channel")
    unusable_names: dict[str, UnusableNameOut] = Field(description="by kind, the latest of each")
    merged_ids: list[str] = Field(description="ids of profiles that were merged into this one")
    revision: int = Field(description="grows with each write")
    created_at: str = Field(description="the earliest time of all that is known of the person")
    updated_at: str
    etag: fields.ETag


class ConsentIn(Request):
    """What a person says to messages on a channel."""

    status: Literal["subscribed", "unsubscribed"]
    source: str = Field(default="", description="what says so; `api` without it")
    at: str | None = Field(default=None, description="when, RFC 3339; now without it")


class ProfileChangesIn(Request):
    """What to change; what is left out stays. A property stands in one of the first five."""

    model_config = ConfigDict(json_schema_extra=without_defaults)
    set: dict[str, Any] = Field(default={}, description="properties and their values")
    unset: list[str] = Field(default=[], description="properties to take away")
    append: dict[str, list[Any]] = Field(
        default={}, description="values that lists get, unless they have them"
    )
    remove: dict[str, list[Any]] = Field(default={}, description="values that lists lose")
    increment: dict[str, int | float] = Field(
        default={}, description="what is added to numbers; one that is missing counts as 0"
    )
    consent: dict[str, ConsentIn] = Field(
        default={}, description=f"by channel: {', '.join(CHANNELS)}"
    )
    add_names: dict[str, list[str]] = Field(
        default={}, description="names by their kind; one that leads to another profile is refused"
    )
    remove_names: dict[str, list[str]] = Field(default={}, description="names by their kind")


class RecordsIn(Request):
    """Records of people."""

    records: list[dict[str, Any]] = Field(
        description="each with `profile`, as in an event, and the fields of a change but"
        " `add_names`. The names join people as those of an event do",
        json_schema_extra={"minItems": 1, "maxItems": MAX_RECORDS},
        min_length=1,
        max_length=MAX_RECORDS,
    )


class RecordErrorOut(Answer):
    """Why nothing of a record was stored."""

    code: str
    message: str
    field: str = Field(description="of the record; empty for all of it")


class RefusedNameOut(Answer):
    """A name that the profile did not get, while the rest of the record was stored."""

    kind: str
    rule: Rule
    other_id: str | None = Field(description="the profile that it leads to; null for none")


class RecordOut(Answer):
    """What came of one record."""

    outcome: UpsertOutcome
    id: str | None = Field(description="of the profile; null if it failed")
    error: RecordErrorOut | None = Field(description="null unless it failed")
    refused_names: list[RefusedNameOut]
    unusable_names: dict[str, UnusableNameOut]


class RecordsOut(Answer):
    """What came of each record, in their order."""

    created: int
    updated: int
    failed: int
    results: list[RecordOut]


class MergeIn(Request):
    """Two profiles of one person."""

    profile_ids: list[fields.ProfileId] = Field(min_length=2, max_length=2)


class UnmergeIn(Request):
    """A profile to part from the one that it was merged into."""

    profile_id: fields.ProfileId = Field(description="the id that was merged away")


@endpoint("GET", "/v1/profiles/{profile_id+}", scope="profiles:read")
def show(api: Api, caller: ApiKey, *, profile_id: fields.ProfileId) -> ProfileOut:
    """Show a profile, by its id or by one that was merged into it."""
    return _shown(api.profiles.show(caller.tenant, profile_id))


@endpoint("GET", "/v1/profiles", scope="profiles:read")
def find(api: Api, caller: ApiKey, *, query: ProfilesQuery) -> Listing[ProfileOut]:
    """Find the profile that a name leads to, or list all; a page may be short and not the last."""
    if query.names:
        profile = api.profiles.find(caller.tenant, query.names)
        return Listing(data=[] if profile is None else [_shown(profile)])
    of = (caller.tenant, "profiles")
    page = api.profiles.pages.page(caller.tenant, limit=query.limit, after=query.position(*of))
    return listing(page, _shown, of=of)


@endpoint(
    "PATCH",
    "/v1/profiles/{profile_id+}",
    scope="profiles:write",
    audited=Audited(action="profile.updated", id=("profile_id",), show=show.call, fields=_AUDITED),
)
def change(
    api: Api,
    caller: ApiKey,
    *,
    profile_id: fields.ProfileId,
    body: ProfileChangesIn,
    if_match: IfMatch,
) -> ProfileOut:
    """Change a profile's properties, lists, numbers, consent and names."""
    changes = body.model_dump(exclude_unset=True)
    return _shown(
        api.profiles.change(
            caller.tenant, profile_id, changes, cause=_cause(caller), if_match=if_match
        )
    )


@endpoint(
    "POST",
    "/v1/profiles/bulk",
    scope="profiles:write",
    audited=Audited(
        action="profile.bulk_updated",
        id=(),
        fields=frozenset({"created", "updated", "failed"}),
    ),
)
def bulk(api: Api, caller: ApiKey, *, body: RecordsIn) -> RecordsOut:
    """Make or change many profiles by the names of their people; says what came of each."""
    results = api.profiles.upsert(caller.tenant, body.records, cause=_cause(caller))
    counts = {
        outcome: sum(each.outcome is outcome for each in results) for outcome in UpsertOutcome
    }
    return RecordsOut(
        created=counts[UpsertOutcome.CREATED],
        updated=counts[UpsertOutcome.UPDATED],
        failed=counts[UpsertOutcome.FAILED],
        results=[_result(each) for each in results],
    )


@endpoint(
    "POST",
    "/v1/profiles/merge",
    scope="profiles:write",
    audited=Audited(action="profile.merged", id=("id",), fields=_AUDITED | {"merged_ids"}),
)
def merge(api: Api, caller: ApiKey, *, body: MergeIn) -> ProfileOut:
    """Merge two profiles of one person; the older one's id survives, and the other leads to it."""
    one, other = body.profile_ids
    return _shown(api.profiles.merge(caller.tenant, one, other, cause=_cause(caller)))


@endpoint(
    "POST",
    "/v1/profiles/unmerge",
    scope="profiles:write",
    audited=Audited(action="profile.unmerged", id=("profile_id",), fields=_AUDITED),
)
def unmerge(api: Api, caller: ApiKey, *, body: UnmergeIn) -> ProfileOut:
    """Part a profile from the one that it was merged into; no event merges the two again."""
    return _shown(api.profiles.unmerge(caller.tenant, body.profile_id))


@endpoint(
    "DELETE",
    "/v1/profiles/{profile_id+}",
    scope="profiles:write",
    status=202,
    # What the profile was before is what has to go: the entry has the job, and no name.
    audited=Audited(action="profile.erased", id=("profile_id",)),
)
def erase(api: Api, caller: ApiKey, *, profile_id: fields.ProfileId) -> JobOut:
    """Erase a person: the profile, its names, and all that was made of the events about it.

    From the answer on, the names lead to nobody, and events that give one are dropped. The job
    erases the rest within minutes, and its counts are the evidence. Nobody can cancel it. When it
    has failed, the same call has it go on.
    """
    return JobOut.model_validate(api.profiles.erase(caller.tenant, profile_id))


def _cause(caller: ApiKey) -> str:
    return f"key:{caller.id}"


def _shown(profile: Profile) -> ProfileOut:
    names: dict[str, list[str]] = {}
    for name in profile.shown_names:
        names.setdefault(name.kind, []).append(name.value)
    return ProfileOut(
        **{name: getattr(profile, name) for name in ("id", *envelope.NAME_KINDS)},
        names=names,
        properties=profile.shown_properties,
        consent={name: ConsentOut(**each) for name, each in profile.consent.items()},
        unusable_names={
            kind: UnusableNameOut(**each) for kind, each in profile.unusable_names.items()
        },
        merged_ids=list(profile.merged_ids),
        revision=profile.revision,
        created_at=profile.created_at,
        updated_at=profile.updated_at,
        etag=profile.etag,
    )


def _result(upserted: Upserted) -> RecordOut:
    error = upserted.error
    return RecordOut(
        outcome=upserted.outcome,
        id=upserted.id,
        error=None
        if error is None
        else RecordErrorOut(
            code=error.code, message=error.message, field=str(getattr(error, "field", ""))
        ),
        refused_names=[
            RefusedNameOut(kind=each.name.kind, rule=each.rule, other_id=each.other_id)
            for each in upserted.refusals
        ],
        unusable_names={
            each.kind: UnusableNameOut(value=each.value, reason=each.reason)
            for each in upserted.unusable
        },
    )


ENDPOINTS = (find, show, change, bulk, merge, unmerge, erase)
