"""Every error that the product raises on purpose.

    PenstockError
    ├── Permanent          trying again cannot help: record it, stop
    │   ├── BadInput       the caller sent something we refuse; names the field and the fix
    │   │   ├── SourceRefused  a function's source; names every finding by line
    │   │   └── EventsRejected  all events of a request; names the reason of each
    │   ├── NotFound       no such thing for this tenant
    │   ├── Conflict       the thing exists already, or somebody else has changed it meanwhile
    │   │   ├── FunctionInUse  webhooks name the function as their transform
    │   │   └── PreconditionFailed  the caller's `If-Match` names another ETag
    │   └── Forbidden      the key does not allow it
    └── Transient          the same call may work later: retry
        └── TryLater       the same call is refused until a known time
            ├── TooManyCalls   the API key has made its calls of this moment
            ├── IntakePaused   an admin has paused the intake of events
            └── QuotaExceeded  the tenant has used its quota of this day

The branch alone decides whether SQS tries again; `functions._http` maps errors to HTTP statuses.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

# The names and positions that lead to a value in an input, from the outside in; empty: all of it.
Place = tuple[str | int, ...]
_STEPS: Final = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def written(place: Place) -> str:
    """The place as people write it, such as `topics[0]`; no one can read it back into steps.

    A caller's own key may have dots and brackets: `a.b` may be two steps, and may be one.
    """
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return "".join(steps).removeprefix(".")


class PenstockError(Exception):
    """Root of the tree.

    Attributes:
        code: stable, snake_case, part of the public contract.
        message: one sentence for people; says what to do next where we know.
    """

    code = "internal"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class Permanent(PenstockError):
    """Trying again cannot help."""


class BadInput(Permanent):
    """The caller sent something we refuse.

    Attributes:
        place: where the offending value is; empty when the input as a whole is refused.
    """

    code = "bad_input"

    def __init__(self, message: str, *, field: str | Place = "", code: str | None = None) -> None:
        """Make the error.

        Args:
            message: for people.
            field: the place. As text it is a path of names that are ours, such as `limits.emits`
                or `triggers[0]`. Where a name in it is the caller's own, pass the steps.
            code: the class's own if None.
        """
        super().__init__(message, code=code)
        self.place: Place = _steps(field) if isinstance(field, str) else field

    @property
    def field(self) -> str:
        """The place as people write it, e.g. `profile.email`."""
        return written(self.place)


class SourceRefused(BadInput):
    """The check of the sandbox's engine refuses this source.

    Attributes:
        findings: each with `line`, `column`, `code`, `message`, `hint` and `severity`, in order:
            the errors, for which the source is refused, and the hints beside them.
    """

    code = "source_refused"

    def __init__(self, findings: Sequence[Mapping[str, Any]]) -> None:
        errors = [each for each in findings if each.get("severity") != "hint"]
        first = errors[0]
        super().__init__(
            f"line {first.get('line')}: {first.get('message')} ({len(errors)} in all)",
            field="source",
        )
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """One event of a request that was refused."""

    index: int  # the event's place in the request, from 0
    problem: BadInput  # with the place of the fault inside of the event

    @property
    def code(self) -> str:
        """Why."""
        return self.problem.code

    @property
    def message(self) -> str:
        """Why, for people."""
        return self.problem.message

    @property
    def field(self) -> str:
        """The field at fault; empty if it is the event as a whole."""
        return self.problem.field


class EventsRejected(BadInput):
    """None of a request's events was taken.

    Attributes:
        rejected: the events, in the order of the request.
        at: the field that lists the events; empty when the request is one event itself.
    """

    code = "events_rejected"

    def __init__(self, rejected: Sequence[Rejected], *, at: str = "events") -> None:
        first = rejected[0]
        super().__init__(
            f"none of {len(rejected)} events was taken; the first, number {first.index}:"
            f" {first.field} {first.message}"
        )
        self.rejected = tuple(rejected)
        self.at = at


class NotFound(Permanent):
    """There is no such thing for this tenant."""

    code = "not_found"


class Conflict(Permanent):
    """The thing exists already, or somebody else has changed it meanwhile."""

    code = "conflict"


class FunctionInUse(Conflict):
    """Webhooks name the function as their transform, so it is not deleted.

    Attributes:
        webhooks: their ids.
    """

    code = "function_in_use"

    def __init__(self, name: str, *, webhooks: Sequence[str]) -> None:
        super().__init__(
            f"{name} is the transform of {', '.join(webhooks)}; give them another one or none, or"
            " delete it by force"
        )
        self.webhooks = tuple(webhooks)


class PreconditionFailed(Conflict):
    """The thing is not what the caller says that it has read.

    Attributes:
        etag: the thing's current ETag, without quotes.
    """

    code = "precondition_failed"

    def __init__(self, etag: str) -> None:
        super().__init__(
            f'this has changed since you read it, and its ETag is "{etag}" now; read it again'
        )
        self.etag = etag


class Forbidden(Permanent):
    """The key is missing, unknown, or lacks the scope."""

    code = "forbidden"


class Transient(PenstockError):
    """The same call may work later."""

    code = "unavailable"


class TryLater(Transient):
    """The same call is refused until a known time.

    Attributes:
        retry_after_s: seconds after which the same call may pass; at least 1.
    """

    def __init__(self, message: str, *, retry_after_s: int, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s


class TooManyCalls(TryLater):
    """An API key makes more calls than its limit lets it."""

    code = "rate_limited"

    def __init__(self, *, per_s: int, retry_after_s: int) -> None:
        super().__init__(
            f"this API key may make {per_s} calls a second; wait {retry_after_s} s, or send more"
            " in each call",
            retry_after_s=retry_after_s,
        )


class QuotaExceeded(TryLater):
    """A tenant has used its quota of this day; nothing of the call was taken."""

    code = "quota_exceeded"


class IntakePaused(TryLater):
    """An admin has paused the intake of events; nothing of the call was taken."""

    code = "intake_paused"

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(
            "the installation takes no events for a while; none of these was taken: send them again"
            " later",
            retry_after_s=retry_after_s,
        )


def _steps(field: str) -> Place:
    return tuple(int(number) if number else name for number, name in _STEPS.findall(field))
