"""How callers name a function's triggers: all of them, or one by its topics and its filter."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, TypedDict

from runtime.core.events import topics
from runtime.core.matching import matching
from runtime.core.matching.trigger import Trigger
from runtime.errors import BadInput

MAX_TRIGGERS: Final = 20


class TriggerSettings(TypedDict, total=False):
    """What a caller says about triggers. `topics` and `filter` are short for one trigger."""

    topics: tuple[str, ...]
    filter: Mapping[str, Any] | None
    triggers: tuple[Trigger, ...]


def changed(old: tuple[Trigger, ...], settings: TriggerSettings) -> tuple[Trigger, ...]:
    """The triggers after a change; what the settings leave out stays as it is.

    Raises:
        BadInput: code `bad_triggers`: both ways are used at once, or `topics` or `filter` cannot
            say which of several triggers they mean; or a topic or a filter is refused.
    """
    by_parts = sorted({"topics", "filter"} & set(settings))
    if "triggers" in settings:
        if by_parts:
            raise BadInput(
                f"stands beside {by_parts[0]}, which is short for one trigger; use one of the two",
                field="triggers",
                code="bad_triggers",
            )
        return _checked(settings["triggers"])
    if not by_parts:
        return old
    if len(old) > 1:
        raise BadInput(
            f"this function has {len(old)} triggers; change them all together by `triggers`",
            field=by_parts[0],
            code="bad_triggers",
        )
    before = old[0] if old else Trigger(topics=())
    after = replace(
        before,
        topics=settings.get("topics", before.topics),
        filter=settings.get("filter", before.filter),
    )
    if after.topics:
        return _checked((after,))
    if after.filter is not None:
        matching.compile(after.filter)
    if settings.get("filter") is not None:
        raise BadInput("has no topics to filter; name some", field="filter", code="bad_triggers")
    return ()


def _checked(triggers: tuple[Trigger, ...]) -> tuple[Trigger, ...]:
    if len(triggers) > MAX_TRIGGERS:
        raise BadInput(f"at most {MAX_TRIGGERS}", field="triggers", code="bad_triggers")
    for trigger in triggers:
        if trigger.filter is not None:
            matching.compile(trigger.filter)
    return tuple(replace(each, topics=topics.parse_all(each.topics)) for each in triggers)
