"""How long a process believes what it keeps from call to call."""


def is_fresh(kept_at_s: float, *, now_s: float, for_s: float) -> bool:
    """Whether what was kept at `kept_at_s` may still be used; both times by the wall clock.

    The monotonic clock stands still while Lambda freezes the process: an hour later, what it has
    kept would pass for new. A clock that was set back says nothing, so nothing is fresh then.
    """
    return 0 <= now_s - kept_at_s < for_s
