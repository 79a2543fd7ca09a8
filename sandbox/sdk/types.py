"""The types that user code imports from `penstock`, for its annotations.

Editors and type checkers read the package `penstock`, which describes them. While a function runs,
nothing checks a type. So these have no fields and no methods, and may stand in an annotation, a
`cast` or an alias such as `MetricEvent[Order]`.
"""

from __future__ import annotations

from types import new_class
from typing import Any, Final, Generic, Protocol, TypedDict, TypeVar

_GENERIC: Any = Generic
_BASE: Final = _GENERIC[TypeVar("Properties")]  # so that `MetricEvent[Order]` is a type
_EVENTS: Final = (
    "Event",
    "MetricEvent",
    "EmailEvent",
    "SmsEvent",
    "PushEvent",
    "ProfileEvent",
    "ListEvent",
    "SegmentEvent",
)
_DICTS: Final = (
    "Identifiers",
    "Profile",
    "FunctionEvent",
    "FunctionNotice",
    "MonitorEvent",
    "SyncEvent",
    "SyncNotice",
    "UsageNotice",
    "WebhookEvent",
    "WebhookNotice",
)
_OBJECTS: Final = ("Answer", "Context", "Http", "HttpCall", "ProfileChanges")

EXPORTS: Final[dict[str, type]] = {
    **{name: new_class(name, (TypedDict, _BASE)) for name in _EVENTS},
    **{name: new_class(name, (TypedDict,)) for name in _DICTS},
    **{name: new_class(name, (Protocol,)) for name in _OBJECTS},
}
