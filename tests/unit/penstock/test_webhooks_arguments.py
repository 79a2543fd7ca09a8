"""What frameworks hand to the verifier: taken where the meaning is clear, else `Rejected`."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from email.message import Message
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import HTTPHeaderDict
from werkzeug.datastructures import EnvironHeaders
from werkzeug.datastructures import Headers as FlaskHeaders

from penstock.webhooks import Receiver, Rejected
from tests.vectors import AT_S, BODY, ID, PUBLIC_KEY, SECRET_A, SIGNATURE

TEXTS = {
    "webhook-id": ID,
    "webhook-timestamp": str(AT_S),
    "webhook-signature": SIGNATURE,
}


def receiver_of(*secrets: Any, **options: Any) -> Receiver:
    """A receiver whose clock stands at the time of the signature, unless told otherwise."""
    return Receiver(*(secrets or (SECRET_A,)), **{"clock": lambda: AT_S, **options})


def code_of(headers: Any, *, body: Any = BODY) -> str:
    """Why the request is rejected; empty when it is verified."""
    try:
        receiver_of().verify(body=body, headers=headers)
    except Rejected as problem:
        return problem.code
    return ""


def refusal(make: Callable[[], object]) -> str:
    """The code with which a receiver, or a request, is refused."""
    with pytest.raises(Rejected) as rejection:
        make()
    return rejection.value.code


def in_bytes(name: str, value: str) -> tuple[bytes, bytes]:
    """A header as ASGI has it."""
    return name.encode(), value.encode()


def environ() -> dict[str, Any]:
    """What a WSGI server makes of the headers."""
    names = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in TEXTS.items()}
    return {**names, "CONTENT_TYPE": "application/json", "wsgi.errors": StringIO()}


class OnlyItems:
    """A framework's own class of headers: it has items, and may repeat a name."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self._pairs = pairs

    def items(self) -> Iterator[tuple[str, str]]:
        """Each header as it came."""
        yield from self._pairs


@pytest.mark.parametrize(
    "headers",
    [
        {name.title(): value for name, value in TEXTS.items()},
        list(TEXTS.items()),
        [list(pair) for pair in TEXTS.items()],
        iter(TEXTS.items()),
        [in_bytes(*pair) for pair in TEXTS.items()],
        dict(in_bytes(*pair) for pair in TEXTS.items()),
        {name: [value] for name, value in TEXTS.items()},
        {name: (value,) for name, value in TEXTS.items()},
        {name: [value.encode()] for name, value in TEXTS.items()},
        TEXTS | {"webhook-timestamp": AT_S},
        TEXTS | {"webhook-timestamp": [AT_S]},
        TEXTS | {"accept": ["*/*", "text/html"], "x-none": None, "x-number": 1.5},
        [*TEXTS.items(), ("accept", "*/*"), ("Accept", "text/html")],
        OnlyItems(*TEXTS.items()),
        FlaskHeaders(list(TEXTS.items())),
        EnvironHeaders(environ()),
        HTTPHeaderDict(TEXTS),
    ],
    ids=["mapping", "pairs", "lists", "iterator", "ASGI", "bytes", "value lists", "value tuples",
         "value lists of bytes", "number", "number in a list", "others are not looked at",
         "others may repeat", "items", "Flask", "WSGI", "urllib3"],
)  # fmt: skip
def test_headers_are_taken_as_the_frameworks_have_them(headers: Any) -> None:
    """A receiver hands over what it has; what that means is clear in each of these."""
    assert code_of(headers) == ""


@pytest.mark.parametrize(
    "headers",
    [
        {**TEXTS, "webhook-id": [ID, ID]},
        {**TEXTS, "Webhook-Id": ID},
        [*TEXTS.items(), ("WEBHOOK-ID", "msg_other")],
        [*(in_bytes(*pair) for pair in TEXTS.items()), (b"webhook-id", b"msg_other")],
        [*TEXTS.items(), (b"webhook-id", ID)],
        FlaskHeaders([*TEXTS.items(), ("webhook-id", "msg_other")]),
        OnlyItems(*TEXTS.items(), ("webhook-id", "msg_other")),
    ],
)
def test_a_repeated_header_is_rejected_in_every_shape(headers: Any) -> None:
    """The two may differ in what a proxy has looked at."""
    assert code_of(headers) == "repeated_header"


@pytest.mark.parametrize("value", [None, "", b"", [], [""], [None]])
def test_a_header_without_a_value_is_missing(value: object) -> None:
    """Frameworks say in several ways that a header was not sent."""
    assert code_of({**TEXTS, "webhook-signature": value}) == "missing_header"


@pytest.mark.parametrize("value", [1.5, True, {"n": 1}, {ID}, object(), [[ID]], ID.encode])
@pytest.mark.parametrize("name", TEXTS)
def test_a_value_that_is_no_text_is_rejected(name: str, value: object) -> None:
    """A crash answers 500, and the sender comes back for three days."""
    assert code_of({**TEXTS, name: value}) == "bad_headers"


def test_a_number_with_more_digits_than_python_prints_is_rejected() -> None:
    """Python refuses to make a text of it, with an error of its own."""
    assert code_of({**TEXTS, "webhook-timestamp": 10**5_000}) == "bad_headers"


@pytest.mark.parametrize(
    "headers",
    [None, 5, "webhook-id: msg_1", b"webhook-id: msg_1", [1], ["ab"], [("webhook-id",)], [None],
     [("a", "b", "c")], dict, object(), {"a", "bc"}],
)  # fmt: skip
def test_what_are_no_headers_is_rejected_as_such(headers: Any) -> None:
    """`missing_header` would send the reader to the sender; the mistake is the receiver's."""
    assert code_of(headers) == "bad_headers"


def test_a_header_that_the_standard_library_could_not_decode_is_rejected() -> None:
    """For such a one a message gives an object that is no text."""
    message = Message()
    for name, value in TEXTS.items():
        message[name] = value + "\udcff" if name == "webhook-id" else value

    assert code_of(message) == "bad_headers"


@pytest.mark.parametrize(
    "body",
    [BODY, BODY.decode(), bytearray(BODY), memoryview(BODY)],
    ids=lambda body: type(body).__name__,
)
def test_a_body_is_taken_as_bytes_and_as_text(body: Any) -> None:
    """Each of them holds the bytes as they were received."""
    assert receiver_of().verify(body=body, headers=TEXTS).body == BODY


@pytest.mark.parametrize("body", [None, 5, True, list(BODY), {"test": 1}, {1: 2}, object(), 1.5])
def test_a_body_that_holds_no_bytes_is_rejected(body: Any) -> None:
    """`bytes(5)` is five zeros, and JSON that was parsed has lost the bytes that were signed."""
    assert code_of(TEXTS, body=body) == "bad_body"


@pytest.mark.parametrize("secret", [bytearray(range(24)), memoryview(bytes(range(24)))])
def test_a_secret_is_taken_as_every_kind_of_bytes(secret: Any) -> None:
    """`bytes` is the plain one of three kinds."""
    assert refusal(lambda: receiver_of(secret).verify(body=BODY, headers=TEXTS)) == (
        "wrong_signature"
    )


@pytest.mark.parametrize(
    "secret", [None, 24, True, [SECRET_A], (SECRET_A,), list(range(24)), {}, object(), 1.5]
)
def test_a_secret_of_another_kind_is_refused_at_once(secret: Any) -> None:
    """`bytes(24)` is a key of zeros: whoever guesses that can sign."""
    assert refusal(lambda: Receiver(secret)) == "bad_secret"


@pytest.mark.parametrize("key", [None, 5, PUBLIC_KEY.encode(), [PUBLIC_KEY], object()])
def test_a_public_key_of_another_kind_is_refused_at_once(key: Any) -> None:
    """It would fail at the first request instead, which is the sender's time and not ours."""
    assert refusal(lambda: Receiver(SECRET_A, public_keys=[key])) == "bad_secret"


@pytest.mark.parametrize("keys", [5, PUBLIC_KEY, PUBLIC_KEY.encode(), object()])
def test_public_keys_that_are_no_list_are_refused_at_once(keys: Any) -> None:
    """A lone text would be read letter by letter."""
    assert refusal(lambda: Receiver(SECRET_A, public_keys=keys)) == "bad_secret"


@pytest.mark.parametrize(
    "tolerance", [None, "300", -1, float("nan"), True, timedelta(minutes=5), object()]
)
def test_a_tolerance_that_is_no_number_of_seconds_is_refused_at_once(tolerance: Any) -> None:
    """No age is greater than NaN, so with it a captured request would be good for ever."""
    assert refusal(lambda: receiver_of(tolerance_s=tolerance)) == "bad_tolerance"


@pytest.mark.parametrize("clock", [None, AT_S])
def test_a_clock_that_cannot_be_asked_is_refused_at_once(clock: Any) -> None:
    """It would fail at the first request instead."""
    assert refusal(lambda: receiver_of(clock=clock)) == "bad_clock"


@pytest.mark.parametrize("time", [None, "now", float("nan"), float("inf"), timedelta(1), True])
def test_a_time_that_is_no_number_verifies_nothing(time: Any) -> None:
    """A check of the age that cannot be made is one that fails."""
    receiver = receiver_of(clock=lambda: time)

    assert refusal(lambda: receiver.verify(body=BODY, headers=TEXTS)) == "bad_clock"


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.sampled_from([*TEXTS, *TEXTS.values()]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.binary() | st.sampled_from([*TEXTS]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(headers=ANYTHING, body=ANYTHING)
def test_no_argument_raises_anything_but_rejected(headers: Any, body: Any) -> None:
    """It is the one error that is promised, whatever a framework hands over."""
    assert code_of(headers, body=body) != ""


@given(secret=ANYTHING, tolerance=ANYTHING)
def test_no_option_raises_anything_but_rejected(secret: Any, tolerance: Any) -> None:
    """A receiver is made when a service starts; the reason is read in its log."""
    with suppress(Rejected):
        receiver_of(secret, tolerance_s=tolerance)
