"""Which entries of the audit log a listing shows."""

import re
from dataclasses import dataclass
from typing import Final

from runtime.core.audit.entry import TOPICS, ChangeOutcome
from runtime.core.events import topics
from runtime.errors import BadInput

_NAMES: Final = [name.removeprefix(TOPICS) for name in topics.KNOWN if name.startswith(TOPICS)]
_NOUNS: Final = sorted({name.partition(".")[0] for name in _NAMES})
# What an operation may do, or a prefix that stands for all that is done to things of one kind.
ACTION: Final = re.compile(
    rf"(?:{'|'.join(map(re.escape, _NAMES))})|(?:{'|'.join(map(re.escape, _NOUNS))})\.\*"
)


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
    if ACTION.fullmatch(name) is None:
        raise BadInput(
            f"{name[:80]!r} is none; it is one like webhook.updated, or a prefix like webhook.*",
            field="action",
            code="unknown_action",
        )
    return name
