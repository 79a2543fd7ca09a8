"""Imports the sdk by the name that it has in the component.

In the repository that package is `sandbox.sdk`. The build puts it beside this one as `sdk`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.sdk import context, http, outcomes, port, requests, run, types
    from sandbox.sdk.finding import Finding
    from sandbox.sdk.frames import own_frames
else:
    from sdk import context, http, outcomes, port, requests, run, types
    from sdk.finding import Finding
    from sdk.frames import own_frames

__all__ = [
    "Finding",
    "context",
    "http",
    "outcomes",
    "own_frames",
    "port",
    "requests",
    "run",
    "types",
]
