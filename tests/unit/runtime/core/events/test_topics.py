"""What a subscription may ask for."""

import re
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.events import topics
from runtime.core.events.envelope import MAX_TOPIC_CHARS
from runtime.core.events.envelope import topic as check_topic
from runtime.errors import BadInput


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("message.email.clicked", "message.email.clicked"),
        ("message.email.*", "message.email.*"),
        ("message.*", "message.*"),
        ("profile.*", "profile.*"),
        ("metric.placed_order", "metric.placed_order"),
        ("metric.*", "metric.*"),
        ("metric.shop.*", "metric.shop.*"),
        ("webhook.disabled", "webhook.disabled"),
        ("event:klaviyo.clicked_email", "message.email.clicked"),
        ("event:klaviyo.sent_sms", "message.sms.sent"),
        ("event:klaviyo.ready_to_review", "metric.ready_to_review"),
        ("event:api.placed_order", "metric.placed_order"),
    ],
)
def test_topics_prefixes_and_klaviyos_names_are_understood(asked: str, meant: str) -> None:
    """Integrations that speak Klaviyo's ids move over as they are."""
    assert topics.parse_all([asked]) == (meant,)


@pytest.mark.parametrize(
    "asked",
    ["", "*", ".*", "message.email.click", "message.mail.*", "mess*", "message.email*",
     "order.placed", "metric.", "metric.A", "metric..*", "event:other.x", "event:api.",
     "x" * 200, 5, None],
)  # fmt: skip
def test_what_no_event_can_have_is_refused(asked: object) -> None:
    """A typo that never matches is a webhook that never fires."""
    with pytest.raises(BadInput) as refusal:
        topics.parse_all([asked])

    assert refusal.value.code == "unknown_topic"


def test_a_typo_is_answered_with_what_was_meant() -> None:
    """The error should end the search, not begin it."""
    with pytest.raises(BadInput, match=r"did you mean message\.email\.clicked"):
        topics.parse_all(["message.email.click"])


def test_repeats_are_dropped_and_nothing_is_refused() -> None:
    """Two names of one topic are one subscription; none is none."""
    both = ["message.email.clicked", "event:klaviyo.clicked_email"]

    assert topics.parse_all(both) == ("message.email.clicked",)
    with pytest.raises(BadInput) as refusal:
        topics.parse_all([])
    assert refusal.value.code == "no_topics"
    with pytest.raises(BadInput) as refusal:
        topics.parse_all(f"metric.m{n}" for n in range(101))
    assert refusal.value.code == "too_many_topics"


@pytest.mark.parametrize("topic", topics.KNOWN)
def test_every_topic_of_the_catalogue_is_a_valid_one(topic: str) -> None:
    """What can be subscribed to can be sent."""
    assert check_topic(topic) == topic


_PARTS: Final = st.sampled_from(
    [
        *topics.KNOWN,
        *(part for name in topics.KNOWN for part in name.split(".")),
        *("metric", "monitor", "sync", "event:api", "event:klaviyo", "event:x"),
        *("", ".", "..", "*", "x_1", "A", "é", "-", " "),
    ]
)
_NAMES: Final = (
    st.lists(_PARTS, min_size=1, max_size=5).map(".".join)
    | st.lists(_PARTS, max_size=3).map("".join)
    | st.from_regex(topics.SUBSCRIBABLE, fullmatch=True)
)


@given(name=_NAMES)
def test_the_pattern_of_the_api_says_which_names_are_understood(name: str) -> None:
    """A client that checks by the pattern is neither stopped nor let down."""
    try:
        topics.parse_all([name])
    except BadInput:
        is_understood = False
    else:
        is_understood = True

    is_short = len(name) <= MAX_TOPIC_CHARS
    fits = re.fullmatch(topics.SUBSCRIBABLE, name) is not None
    assert is_understood == (fits and is_short), name
