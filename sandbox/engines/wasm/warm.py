"""A function and an event that belong to nobody. The zygote runs them to warm a guest up."""

from __future__ import annotations

import time
from typing import Any, Final

TIMES: Final = 3  # CPython specialises a function's bytecode at its second call (PEP 659)
SOURCE: Final = """
import datetime, decimal, hashlib, json, random, re, time, uuid
def handler(event, context):
    context.log("warm", number=1)
    moment = datetime.datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    text = f"{event['id']} {moment.isoformat()} {time.time()} {uuid.uuid4()} {random.random()}"
    hashlib.sha256(text.encode()).hexdigest()
    return {"text": re.sub("[0-9]", "0", text), "of": json.loads(json.dumps(event))}
"""
EVENT: Final = {"id": "evt_warm", "topic": "metric.warm", "properties": {"é": [1, 2.5, None]}}
_LIMITS: Final = {"result_bytes": 1 << 16, "http_calls": 0, "emits": 0, "log_bytes": 1 << 16}
_ABOUT: Final = {"tenant": "", "function": "", "webhooks": [], "env": {}, "limits": _LIMITS}
_WALL_S: Final = 5.0


def load_frame(code: str) -> dict[str, Any]:
    """The frame that loads this code."""
    return {"op": "load", "code": code, "about": _ABOUT}


def run_frame(event: Any, *, seq: int) -> dict[str, Any]:
    """The frame that runs one event."""
    return {
        "op": "run",
        "seq": seq,
        "run_id": "",
        "event": event,
        "profile": None,
        "wall_s": _WALL_S,
        "deadline_ms": int((time.time() + _WALL_S) * 1000),
    }
