"""/v1/events and /v1/topics."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, RootModel

from functions._api import fields
from functions._api.endpoint import Answer, Listing, endpoint
from runtime.core.events import topics
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

    def each(self) -> list[object]:
        """The events as they came, not judged yet.

        Raises:
            BadInput: code `not_an_object` or `bad_field`: the body is neither an event nor a list
                of events.
        """
        if not isinstance(self.root, dict):
            raise BadInput("send an object", code="not_an_object")
        if set(self.root) != self.keys:
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


class TopicOut(BaseModel):
    """A topic that one may subscribe to."""

    topic: str
    meaning: str


@endpoint("POST", "/v1/events", scope="events", status=202)
def send(api: Api, caller: ApiKey, *, body: EventsIn) -> EventsOut:
    """Send events; what is accepted is on the bus. 400 when all of them are rejected."""
    acceptance = api.events.accept(caller.tenant, body.each())
    return EventsOut.model_validate(acceptance.unless_all_rejected())


@endpoint("GET", "/v1/topics", scope=None)
def list_topics(_api: Api, _caller: ApiKey) -> Listing[TopicOut]:
    """List the known topics; `metric.<slug>` topics are yours to name."""
    catalogue = topics.KNOWN.items()
    return Listing(data=[TopicOut(topic=name, meaning=meaning) for name, meaning in catalogue])


ENDPOINTS = (send, list_topics)
