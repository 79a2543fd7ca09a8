"""What the sdk needs from an engine: a way to the parent, and two ways to read values.

Both engines share the sdk. They differ only in how a value from user code may be read, so this is
all that an engine has to provide.
"""

from __future__ import annotations

from typing import Any, Protocol

from .quotas import MAX_FRAME_BYTES


class CapabilityError(Exception):
    """The parent refused a call, or the call failed.

    Attributes:
        code: says why, for programs; it stays the same when the message is reworded.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class TooLarge(Exception):
    """A frame would be longer than it may be. Nothing of it was sent.

    Attributes:
        size_bytes: how long it would have been on the wire.
    """

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"a frame of {size_bytes} bytes")
        self.size_bytes = size_bytes


class Port(Protocol):
    """What an engine provides. The port adds the current run's `seq` to each frame."""

    def send(self, op: str, /, *, at_most: int = MAX_FRAME_BYTES, **fields: Any) -> int:
        """Send one frame that nobody answers.

        Args:
            op: the frame's `op`.
            at_most: how many bytes the frame may have.
            fields: its other fields. They must be plain JSON: results of `text` and `plain`, and
                values made from these.

        Returns:
            The length of the frame on the wire in bytes, with the four bytes of its header.

        Raises:
            TooLarge: the frame is longer than `at_most` or the cap; nothing was sent.
        """
        ...

    def call(self, op: str, /, **fields: Any) -> Any:
        """Send one frame, wait for its answer, and give the answer's `value`.

        Raises:
            CapabilityError: the parent refused, or the frame is longer than the cap (`too_large`).
        """
        ...

    def text(self, value: Any, /) -> str:
        """`str(value)`, as an exact `str` of any length.

        This may run a user's `__str__`, and raise what that raises.
        """
        ...

    def plain(self, value: Any, /, *, what: str) -> Any:
        """The value as JSON: exact dict, list, str, int, float, bool and None.

        It keeps the depth, size and range that a frame allows, without NaN and lone surrogates.

        Args:
            value: the value, from user code.
            what: what an error's message calls it, such as "the payload".

        Raises:
            ValueError: it is not JSON; the message says what to write instead.
            TypeError: it is not JSON, and `json.dumps` would raise a TypeError.
        """
        ...
