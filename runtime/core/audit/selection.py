"""Which entries of the audit log a listing shows."""

from dataclasses import dataclass

from runtime.core.audit.entry import TOPICS, ChangeOutcome
from runtime.core.events import topics
from runtime.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What the entries of a listing have in common; None of a field is any."""

    since: str | None = None  # ISO 8601; the change began then or later
    until: str | None = None  # ISO 8601; it began then or earlier
    actor_id: str | None = None  # the id of the API key that made it
    action: str | None = None  # what was done, or a prefix such as `webhook.*`; see `action`
    resource_id: str | None = None  # of what was changed; with the parts that are named after it
    outcome: ChangeOutcome | None = None


def action(name: str) -> str:
    """Check the name of an action, or a prefix such as `webhook.*`, and return it.

    Raises:
        BadInput: code `unknown_action`: no operation does anything of that name.
    """
    unknown = BadInput(
        f"{name[:80]!r} is none; it is one like webhook.updated, or a prefix like webhook.*",
        field="action",
        code="unknown_action",
    )
    if name == "*":
        raise unknown
    try:
        topics.parse_all([f"{TOPICS}{name}"])
    except BadInput as problem:
        raise unknown from problem
    return name
