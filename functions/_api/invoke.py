"""POST /v1/functions/{name}/invoke."""

from typing import Any, ClassVar, Final

from pydantic import ConfigDict, Field

from functions._api import fields
from functions._api.endpoint import Answer, Audited, Request, endpoint
from functions._api.runs import RunOut
from runtime.core.tenancy.api_key import ApiKey
from runtime.errors import BadInput
from runtime.usecases.functions.choose_event import EventChoice
from runtime.wiring.api import Api

# How the fields go together, for the document; the core and `choice` enforce it.
_TOGETHER: Final[list[Any]] = [
    {
        "oneOf": [
            {"required": [name], "properties": {name: {"type": kind}}}
            for name, kind in (("event", "object"), ("event_id", "string"), ("latest", "string"))
        ]
    },
    {
        "not": {
            "required": ["allow_http"],
            "properties": {"allow_http": {"const": True}, "dry_run": {"const": False}},
        }
    },
    {
        "not": {
            "required": ["force", "dry_run"],
            "properties": {"force": {"const": True}, "dry_run": {"const": True}},
        }
    },
]


class InvokeIn(Request):
    """What to run a function on: exactly one of `event`, `event_id` and `latest`.

    The run gets the stored profile that the event is about.
    """

    model_config = ConfigDict(json_schema_extra={"allOf": _TOGETHER})
    # The object around the event does not count as a level of its nesting.
    json_rules: ClassVar = {"wrapped": 1}

    event: fields.WholeEvent | None = Field(
        default=None,
        description="an envelope as `POST /v1/events` takes it or as an event is shown; only this"
        " function gets it",
    )
    event_id: fields.ResourceId | None = Field(
        default=None, description="an event that is kept, by its id"
    )
    latest: fields.EventTopic | None = Field(
        default=None, description="a topic: the newest event of it that is kept"
    )
    version: fields.VersionNumber | None = Field(
        default=None,
        description="which version runs; null: the live one, or the canary on its share",
    )
    dry_run: bool = Field(
        default=False,
        description="run it now, store nothing, apply no effect; a disabled function runs, too",
    )
    allow_http: bool = Field(
        default=False, description="with `dry_run`: make the http calls; else each of them fails"
    )
    force: bool = Field(
        default=False,
        description="without `dry_run`: run it again even if its run has succeeded, which applies"
        " its profile changes once more",
    )

    @property
    def choice(self) -> EventChoice:
        """The event, as the use case takes it.

        Raises:
            BadInput: code `bad_field`: a field goes with the other kind of run only.
        """
        if self.allow_http and not self.dry_run:
            raise BadInput("goes with dry_run only", field="allow_http", code="bad_field")
        if self.force and self.dry_run:
            raise BadInput("goes with no dry_run", field="force", code="bad_field")
        return EventChoice(event=self.event, event_id=self.event_id, latest=self.latest)


class InvokeOut(Answer):
    """Which run it is. Without `dry_run` it is made soon: ask for its record.

    `run` is what the record of a dry run would be. Its effects are those that would be applied; an
    emitted event that would end in the dead-letter queue has `parked`. Output and effects of more
    than 256 KB together are left out. When the check refused the source, `error.findings` say why.
    """

    run_id: str
    attempt: int = Field(description="which attempt of the run it is, from 1")
    event_id: str
    run: RunOut | None = Field(description="null without `dry_run`")


class DryInvokeOut(InvokeOut):
    """The answer to a dry run, which is over."""

    answered_with: ClassVar = 200


@endpoint(
    "POST",
    "/v1/functions/{name}/invoke",
    scope="functions:invoke",
    status=202,
    other_status=200,
    audited=Audited(
        action="function.invoked",
        id=("name",),
        fields=frozenset({"run_id", "attempt", "event_id"}),
        stores_nothing=lambda parameters: parameters["body"].dry_run,
    ),
)
def invoke(api: Api, caller: ApiKey, *, name: fields.FunctionRef, body: InvokeIn) -> InvokeOut:
    """Run a function on one event; 200 for a dry run, with what would follow from it.

    A function that has run the event already runs it again: the next attempt of the same run.
    """
    uses = api.functions
    event = uses.choose_event(caller.tenant, body.choice)
    if body.dry_run:
        run = uses.dry_run(
            caller.tenant, name, event, version=body.version, allow_http=body.allow_http
        )
        shown = RunOut.model_validate(run)
        return DryInvokeOut(run_id=run.id, attempt=1, event_id=event.id, run=shown)
    asked = uses.invoke(caller.tenant, name, event, version=body.version, force=body.force)
    return InvokeOut(run_id=asked.run_id, attempt=asked.attempt, event_id=event.id, run=None)


ENDPOINTS = (invoke,)
