"""Frames: what is ours passes, and everything else is refused without harm."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import wire

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5).filter(str.isascii), inner)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text("abc", max_size=3), PLAIN), st.integers(1, 50))
def test_a_message_comes_out_as_it_went_in_however_it_is_cut(
    message: dict[str, object], size: int
) -> None:
    """A socket may cut anywhere."""
    data = wire.encode(message, max_bytes=1 << 20)
    buffer = wire.FrameBuffer(1 << 20)
    found = None
    for start in range(0, len(data), size):
        assert found is None
        buffer.feed(data[start : start + size])
        found = buffer.pop()
    assert found == message
    assert buffer.empty


@given(st.binary(max_size=300))
def test_any_bytes_at_all_give_a_plain_message_or_a_refusal(data: bytes) -> None:
    """The other side may have been taken over."""
    buffer = wire.FrameBuffer(1000)
    buffer.feed(data)
    try:
        message = buffer.pop()
    except wire.ProtocolBroken:
        return
    assert message is None or type(message) is dict


@given(st.text(st.sampled_from('{}[]",:0123456789eE+-.truefalsnNaIiy\\ud8 '), max_size=200))
def test_any_text_like_json_gives_plain_values_or_a_refusal(text: str) -> None:
    """What the parser lets through must be finite, bounded and free of surrogates."""
    body = text.encode()
    try:
        message = wire.decode(body)
    except wire.ProtocolBroken:
        return
    wire.check_plain(message)


@given(PLAIN)
def test_what_is_plain_passes_and_survives_json(value: object) -> None:
    """The check and the encoder agree."""
    wire.check_plain(value)
    assert json.loads(wire.write(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        float("nan"), float("inf"), 2**64, -(2**64), "\ud800", {"\udc00": 1}, {1: 2}, {None: 1},
        b"x", object(), {1, 2}, [object()], 1j, type("D", (dict,), {})(), type("I", (int,), {})(1),
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_not_plain_is_refused(value: object) -> None:
    """Receivers' parsers would each make something else of it."""
    with pytest.raises(wire.NotPlain):
        wire.check_plain([value])


def test_depth_and_size_are_bounded() -> None:
    """A deep or huge value costs every later reader."""
    deep: list[object] = []
    for _ in range(70):
        deep = [deep]
    with pytest.raises(wire.NotPlain, match="deeper"):
        wire.check_plain(deep)
    with pytest.raises(wire.NotPlain, match="parts"):
        wire.check_plain([[0] * 100_000, [0] * 100_001])


def test_a_length_over_the_cap_is_refused_before_its_bytes_come() -> None:
    """Four bytes must not make the parent wait for, or hold, four gigabytes."""
    buffer = wire.FrameBuffer(10)
    buffer.feed(b"\xff\xff\xff\xff")
    with pytest.raises(wire.ProtocolBroken):
        buffer.pop()


def test_text_that_looks_like_an_address_is_data_like_any_other() -> None:
    """It is the user's: a frame carries it, and changes nothing."""
    message = {"a": "<f at 0x7f1234567890>", " at 0xdeadbeef": ["meet me at 0x1234"]}
    data = wire.encode(message, max_bytes=1 << 20)
    assert message == wire.decode(data[wire.HEADER_BYTES :])


@given(PLAIN)
def test_what_is_plain_is_written_as_the_encoder_writes_it(value: object) -> None:
    """The quick way and the careful way are one."""
    assert wire.write_plain(value, subject="it") == json.dumps(value, separators=(",", ":"))


@pytest.mark.parametrize(
    "value",
    [
        [float("nan")], {"a": [float("-inf")]}, [2**64], {"a": "\ud800"}, {"\udc00": 1}, {1: 2},
        [b"x"], [{1, 2}], [type("D", (dict,), {})()], [type("I", (int,), {})(1)],
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_not_plain_is_not_written(value: object) -> None:
    """The quick way lets nothing through that the careful way refuses."""
    with pytest.raises(wire.NotPlain):
        wire.write_plain(value, subject="it")


@pytest.mark.parametrize(
    "text", ["1e999", "-1E+999", "[9e999]", "1" * 400, str(2**64), "0." + "9" * 400]
)
def test_numbers_beyond_what_is_plain_do_not_come_in_by_a_quick_look(text: str) -> None:
    """A frame's numbers are bounded, however they are written, and beside whatever text."""
    for beside in ("", "\\u00e9", "3e4f"):
        body = f'{{"beside":"{beside}","value":{text}}}'.encode()
        try:
            value = wire.decode(body)["value"]
        except wire.ProtocolBroken:
            continue
        wire.check_plain(value)
        assert text.startswith("0.")
