"""How callers name triggers."""

from typing import Any

import pytest

from runtime.core.functions import triggers
from runtime.core.functions.triggers import TriggerSettings
from runtime.core.matching.trigger import Trigger
from runtime.errors import BadInput
from tests.builders import a_trigger

ONE = (a_trigger("metric.x", filter={"id": ["evt_1"]}),)
TWO = (a_trigger("metric.x"), a_trigger("metric.y"))


@pytest.mark.parametrize(
    ("old", "settings", "after"),
    [
        ((), {}, ()),
        ((), {"topics": ("metric.x",)}, (a_trigger("metric.x"),)),
        ((), {"topics": ("metric.x",), "filter": {"id": ["evt_1"]}}, ONE),
        ((), {"topics": (), "filter": None}, ()),
        ((), {"triggers": TWO}, TWO),
        (ONE, {}, ONE),
        (ONE, {"topics": ("metric.y",)}, (a_trigger("metric.y", filter={"id": ["evt_1"]}),)),
        (ONE, {"filter": None}, (a_trigger("metric.x"),)),
        (ONE, {"topics": ()}, ()),
        (ONE, {"triggers": TWO}, TWO),
        (TWO, {"triggers": ()}, ()),
        (TWO, {}, TWO),
    ],
)
def test_topics_and_filter_are_short_for_one_trigger(
    old: tuple[Trigger, ...], settings: TriggerSettings, after: tuple[Trigger, ...]
) -> None:
    """What is left out stays."""
    assert triggers.changed(old, settings) == after


@pytest.mark.parametrize(
    ("old", "settings", "field", "code"),
    [
        ((), {"topics": ("metric.x",), "triggers": TWO}, "triggers", "bad_triggers"),
        ((), {"filter": None, "triggers": TWO}, "triggers", "bad_triggers"),
        ((), {"filter": {"id": ["evt_1"]}}, "filter", "bad_triggers"),
        (TWO, {"topics": ("metric.z",)}, "topics", "bad_triggers"),
        (TWO, {"filter": None}, "filter", "bad_triggers"),
        ((), {"triggers": (a_trigger("metric.x"),) * 21}, "triggers", "bad_triggers"),
        ((), {"triggers": (a_trigger(),)}, "topics", "no_topics"),
        ((), {"triggers": (a_trigger("metric.x", filter={"a": "x"}),)}, "filter.a", "bad_filter"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    old: tuple[Trigger, ...], settings: Any, field: str, code: str
) -> None:
    """The error names the field and the way out."""
    with pytest.raises(BadInput) as refusal:
        triggers.changed(old, settings)

    assert (refusal.value.field, refusal.value.code) == (field, code)
