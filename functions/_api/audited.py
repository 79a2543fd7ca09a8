"""Has the audit log record a call that changes something: before it is made, and how it ended."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from functions._api.endpoint import Answer, Audited, Endpoint
from functions._telemetry import journal
from runtime.core.tenancy.api_key import ApiKey
from runtime.errors import NotFound, PenstockError, Permanent, Transient
from runtime.usecases.audit.record_change import Begun
from runtime.wiring.api import Api

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A call that changes something."""

    each: Endpoint
    audited: Audited  # that of `each`
    api: Api
    caller: ApiKey
    parameters: Mapping[str, Any]  # of the call: those of the path, and its body

    def shown(self) -> Document | None:
        """The thing as GET shows it now; None when there is none."""
        if self.audited.show is None:
            return None
        path = {name: self.parameters[name] for name in self.each.parameters}
        try:
            return self.document(self.audited.show(self.api, self.caller, **path))
        except NotFound:
            return None

    def document(self, answer: BaseModel) -> Document:
        """What an answer shows of the thing, without the part that is shown once."""
        once = answer.shown_once if isinstance(answer, Answer) else None
        document: Document = answer.model_dump(
            mode="json",
            by_alias=True,
            include=None if self.audited.fields is None else set(self.audited.fields),
            exclude={once} if once else None,
        )
        return document

    def resource_id(self, answer: BaseModel | None = None) -> str | None:
        """The id of the thing, as far as the call, or its answer, names it; None for not at all."""
        sources = (self.parameters, _fields(self.parameters.get("body")), _fields(answer))
        values = (
            next((source[name] for source in sources if source.get(name) is not None), None)
            for name in self.audited.id
        )
        return "/".join(str(value) for value in values if value is not None) or None


def perform(
    each: Endpoint,
    api: Api,
    caller: ApiKey,
    parameters: Mapping[str, Any],
    *,
    request_id: str,
    call: Callable[[], BaseModel | None],
) -> BaseModel | None:
    """Make a call; the audit log has the change that it makes before it is made.

    Raises:
        Transient: the audit log cannot be written, so nothing has changed; or `call` raises it.
        PenstockError: `call` raises it.
    """
    if each.audited is None or each.audited.stores_nothing(parameters):
        return call()
    change = _Change(each=each, audited=each.audited, api=api, caller=caller, parameters=parameters)
    begun = api.audit.record.begin(
        caller,
        action=each.audited.action,
        resource_id=change.resource_id(),
        before=change.shown(),
        request_id=request_id,
    )
    try:
        answer = call()
    except Exception as problem:
        with _left_to_the_sweep(begun):
            _failed(change, begun, problem)
        raise
    with _left_to_the_sweep(begun):
        _done(change, begun, answer)
    return answer


def _done(change: _Change, begun: Begun, answer: BaseModel | None) -> None:
    after = change.shown() if answer is None else change.document(answer)
    if isinstance(answer, Answer) and answer.answered_with is not None:
        begun = replace(begun, before=after)  # what was asked for was there before
    change.api.audit.record.done(begun, resource_id=change.resource_id(answer), after=after)


def _failed(change: _Change, begun: Begun, problem: Exception) -> None:
    record = change.api.audit.record
    match problem:
        case Permanent():
            record.refused(begun, code=problem.code)
        case PenstockError():
            record.unknown(begun, code=problem.code)
        case _:
            record.unknown(begun, code=PenstockError.code)


@contextmanager
def _left_to_the_sweep(begun: Begun) -> Iterator[None]:
    """Log a failure to record the end of a change: the caller gets the answer to the change."""
    try:
        yield
    except Transient as problem:
        journal(
            {
                "message": "audit.not_ended",
                "tenant": begun.entry.tenant,
                "entry_id": begun.entry.id,
                "code": problem.code,
            }
        )


def _fields(model: BaseModel | None) -> Mapping[str, Any]:
    return {} if model is None else dict(model)
