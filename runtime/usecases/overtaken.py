"""What a conditional change does when somebody else is faster."""

from collections.abc import Callable
from typing import TypeVar

from runtime.core.preconditions import ANY, IfMatch
from runtime.errors import Conflict

T = TypeVar("T")
_OVERTAKEN = "_changed"  # how the stores' codes end: `webhook_changed`, `function_changed`


def look_again(if_match: IfMatch, change: Callable[[], T]) -> T:
    """Make a change; if it is overtaken under a condition, look once more at what is there then.

    A change compares the condition with what it has read, and writes only if that is still there.
    The second look finds the other writer's record, and refuses by the condition.

    Raises:
        PreconditionFailed: the record has another ETag.
    """
    try:
        return change()
    except Conflict as problem:
        if if_match == ANY or not problem.code.endswith(_OVERTAKEN):
            raise
    return change()
