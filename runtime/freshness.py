"""How long a process believes what it keeps from call to call."""


def is_fresh(kept_at_s: float, *, now_s: float, for_s: float) -> bool:
    """Whether what was kept at `kept_at_s` may still be used; both times by the wall clock.

    Not by the monotonic clock: it stands still while Lambda freezes the process, so that a value an
    hour old would pass for new. After the wall clock was set back nothing is fresh.
    """
    return 0 <= now_s - kept_at_s < for_s
