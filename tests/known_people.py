"""People whom the API knows, as its tests find and change them."""

from typing import Any

from runtime.core.events.envelope import ProfileRef
from runtime.usecases.profiles.project_profile import ProjectProfiles
from tests.api_client import Answer, ApiClient
from tests.builders import an_event

LATER = "2026-11-21T00:00:00.000Z"


class NoTimelines:
    """Keeps no timelines."""

    def put(self, timeline: Any, /) -> None:
        """Work through the entries."""
        list(timeline)


def know(api: ApiClient, number: int = 1, *, at: str = LATER, **person: Any) -> str:
    """Have an event tell of a person; returns the profile's id."""
    people = api.application.profiles.change.people
    properties = person.pop("properties", {})
    event = an_event(
        id=f"evt_{number}",
        tenant=api.tenant,
        topic="profile.updated",
        occurred_at=at,
        profile=ProfileRef(**person),
        properties=properties,
    )
    project = ProjectProfiles(people=people, timelines=NoTimelines())
    assert [None] == project([event])
    (kind, value) = next(iter(person.items()))
    return str(found(api, **{kind: value})[0]["id"])


def found(api: ApiClient, **name: Any) -> list[Any]:
    """What the API finds by a name."""
    answer = api.get("/v1/profiles", **name)
    assert 200 == answer.status, answer.text
    data: list[Any] = answer.json["data"]
    return data


def patch(api: ApiClient, profile_id: str, changes: Any, **headers: str) -> Answer:
    """Change a profile."""
    return api.call("PATCH", f"/v1/profiles/{profile_id}", changes, headers=headers)


def shown(api: ApiClient, profile_id: str) -> Any:
    """The profile."""
    return api.get(f"/v1/profiles/{profile_id}").json
