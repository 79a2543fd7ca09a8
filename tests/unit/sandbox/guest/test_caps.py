"""The guest's numbers are the parent's."""

from sandbox import limits
from sandbox.guest import caps

PAIRS = {
    "MAX_DEPTH": "MAX_JSON_DEPTH",
    "MAX_PARTS": "MAX_JSON_NODES",
    "INTEGER_LIMIT": "INTEGER_LIMIT",
    "MAX_FRAME_BYTES": "MAX_FRAME_BYTES",
    "MAX_ERROR_NAME_CHARS": "MAX_ERROR_NAME_CHARS",
    "MAX_ERROR_MESSAGE_CHARS": "MAX_ERROR_MESSAGE_CHARS",
    "MAX_TRACEBACK_FRAMES": "MAX_TRACEBACK_FRAMES",
    "MASKING_ROOM": "MASKING_ROOM",
    "MAX_SOURCE_BYTES": "MAX_SOURCE_BYTES",
    "MAX_SOURCE_LINES": "MAX_SOURCE_LINES",
    "MAX_RECURSION": "MAX_RECURSION",
}


def test_what_the_guest_keeps_to_is_what_the_parent_takes() -> None:
    """Where they differed, the parent would end a run for what the guest let through."""
    own = {name: getattr(caps, name) for name in PAIRS}
    assert own == {name: getattr(limits, of) for name, of in PAIRS.items()}


def test_every_number_of_the_guest_is_compared() -> None:
    """But for the one that is its own."""
    names = {name for name in vars(caps) if name.isupper()}
    assert names - PAIRS.keys() == {"MAX_FINDINGS"}
