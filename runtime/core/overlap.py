"""How long an old secret or key works beside the new one after a rotation."""

from typing import Final

from runtime.errors import BadInput

DEFAULT_S: Final = 24 * 3600  # time to bring the new one to all places
MAX_S: Final = 7 * 24 * 3600  # one that has leaked must not stay valid longer


def check(overlap_s: int) -> None:
    """Refuse an overlap that is negative or too long.

    Raises:
        BadInput: code `bad_overlap`.
    """
    if not 0 <= overlap_s <= MAX_S:
        raise BadInput(f"must be from 0 to {MAX_S} seconds", field="overlap_s", code="bad_overlap")
