"""The user's own part of a traceback, on either engine."""

from __future__ import annotations

from typing import Any


def own_frames(error: BaseException, *, filename: str, most: int) -> list[list[Any]]:
    """The line and the function of each step through the user's source, the outermost first.

    Args:
        error: with its traceback.
        filename: what the source was compiled as.
        most: how many steps to give; if there are more, those in the middle are left out.
    """
    frames: list[list[Any]] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == filename:
            frames.append([trace.tb_lineno, code.co_name[:100]])
        trace = trace.tb_next
    half = most // 2
    return frames if len(frames) <= most else frames[:half] + frames[-half:]
