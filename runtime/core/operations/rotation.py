"""How far the data keys of an installation have been wrapped anew."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """One rotation, which goes on where it was stopped."""

    started_at: str  # ISO 8601
    tenants: int = 0  # tenants whose secrets are done
    changed: int = 0  # webhooks, functions and syncs that were stored anew
    # Things with a secret that was sealed for another tenant or altered; they stay as they are.
    left: int = 0
    after: str | None = None  # the last tenant that is done; None at the start
    finished_at: str | None = None  # ISO 8601; None until it is done
    revision: int = 0  # grows by one with each write


def advanced(rotation: Rotation, *, tenant: str, changed: int, left: int) -> Rotation:
    """The rotation with one more tenant."""
    return replace(
        rotation,
        tenants=rotation.tenants + 1,
        changed=rotation.changed + changed,
        left=rotation.left + left,
        after=tenant,
    )
