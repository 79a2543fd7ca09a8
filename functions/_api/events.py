"""/v1/events and /v1/topics."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, RootModel

from functions._api import fields
from functions._api.endpoint import Answer, Listing, ListQuery, endpoint, listing
from functions._telemetry import journal
from runtime.core.erasure.blank import dropped_line
from runtime.core.events import envelope, topics
from runtime.core.events.envelope import Event
from runtime.core.tenancy.api_key import ApiKey
from runtime.errors import BadInput
from runtime.usecases.events.accept_events import MAX_EVENTS
from runtime.wiring.api import Api


class EventsIn(RootModel[Any]):
    """`{"events": […]}` or one event. Each is judged alone, so a bad one spoils no other."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {
                    "type": "object",
                    "required": ["events"],
                    "additionalProperties": False,
                    "properties": {
                        "events": {"type": "array", "maxItems": MAX_EVENTS, "items": fields.EVENT}
                    },
                },
                fields.EVENT,
            ]
        }
    )
    keys: ClassVar = {"events"}
    # The list and the object around an event do not count as levels of its nesting. Integers are
    # checked with each event, so that one too large does not spoil the other events.
    json_rules: ClassVar = {"wrapped": 2, "any_integer": True}

    @property
    def at(self) -> str:
        """The field that lists the events; empty when the body is one event itself."""
        return "events" if isinstance(self.root, dict) and set(self.root) == self.keys else ""

    def each(self) -> list[object]:
        """The events as they came, not judged yet.

        Raises:
            BadInput: code `not_an_object` or `bad_field`: the body is neither an event nor a list
                of events.
        """
        if not isinstance(self.root, dict):
            raise BadInput("send an object", code="not_an_object")
        if not self.at:
            return [self.root]
        events = self.root["events"]
        if not isinstance(events, list):
            raise BadInput("must be a list", field="events", code="bad_field")
        return events


class Accepted(Answer):
    """An event that is on the bus."""

    id: str


class Rejected(Answer):
    """An event that was refused, and why; `index` is its place in the request, from 0."""

    index: int
    code: str
    message: str
    field: str


class EventsOut(Answer):
    """Which events are on the bus, and which were refused."""

    accepted: list[Accepted]
    rejected: list[Rejected]


class EventsQuery(ListQuery):
    """Which events."""

    topic: fields.EventTopic | None = Field(default=None, description="an exact topic")
    since: fields.Time | None = Field(default=None, description="received at or after, RFC 3339")
    until: fields.Time | None = Field(default=None, description="received at or before, RFC 3339")

    @property
    def filters(self) -> dict[str, str | None]:
        """The same, as the store takes it.

        Raises:
            BadInput: code `bad_topic`.
        """
        return {
            "topic": None if self.topic is None else envelope.topic(self.topic),
            "since": self.since,
            "until": self.until,
        }


class EventOut(Answer):
    """An event as it came, and how.

    `received_at` is when it reached Penstock, `origin` the way by which, and `hops` the number of
    functions that it came through: 0 for one that no function emitted.
    """

    id: str
    topic: str
    occurred_at: str
    received_at: str
    origin: str = Field(json_schema_extra={"enum": list(envelope.ORIGINS)})
    hops: int
    profile: dict[str, str] = Field(description="the identifiers that it names")
    properties: dict[str, Any]


class TopicOut(BaseModel):
    """A topic that one may subscribe to."""

    topic: str
    meaning: str


@endpoint("POST", "/v1/events", scope="events:write", status=202)
def send(api: Api, caller: ApiKey, *, body: EventsIn) -> EventsOut:
    """Send events; what is accepted is on the bus. 422 when all of them are rejected."""
    acceptance = api.events.accept(caller.tenant, body.each())
    for event in acceptance.dropped:
        journal(dropped_line(event))
    return EventsOut.model_validate(acceptance.unless_all_rejected(at=body.at))


@endpoint("GET", "/v1/events", scope="events:read")
def list_all(api: Api, caller: ApiKey, *, query: EventsQuery) -> Listing[EventOut]:
    """List the events that are kept, the newest first; a page may be short and not the last."""
    filters = query.filters
    of = (caller.tenant, "events", *(each or "" for each in filters.values()))
    page = api.events.store.list(
        caller.tenant, **filters, limit=query.limit, after=query.position(*of)
    )
    return listing(page, _event_out, of=of)


@endpoint("GET", "/v1/events/{event_id+}", scope="events:read")
def show(api: Api, caller: ApiKey, *, event_id: fields.ResourceId) -> EventOut:
    """Show an event, for as long as it is kept."""
    return _event_out(api.events.show(caller.tenant, event_id))


@endpoint("GET", "/v1/topics", scope=None)
def list_topics(_api: Api, _caller: ApiKey) -> Listing[TopicOut]:
    """List the known topics; `metric.<slug>` topics are yours to name."""
    catalogue = topics.KNOWN.items()
    return Listing(data=[TopicOut(topic=name, meaning=meaning) for name, meaning in catalogue])


def _event_out(event: Event) -> EventOut:
    return EventOut.model_validate(event.to_json())


ENDPOINTS = (send, list_all, show, list_topics)
