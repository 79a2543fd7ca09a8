"""Lets the local Redshift put its events on the default bus, as AWS's does from inside.

To everybody else ministack refuses a source that begins with `aws.`, as AWS does.
Loaded by ministack_main.py by its path; it imports nothing of ours.
"""

import importlib
from typing import Any, Final

REDSHIFT: Final = "aws.redshift-data"


def take_announcements() -> None:
    """Take events whose source is Redshift's Data API, and no other of AWS's own."""
    eventbridge: Any = importlib.import_module("ministack.services.eventbridge")
    put = eventbridge._put_events

    def put_announced(data: Any, allow_aws_source: bool = False) -> Any:  # noqa: FBT001, FBT002 - as ministack has it
        sources = {entry.get("Source") for entry in data.get("Entries", ())}
        return put(data, allow_aws_source or sources == {REDSHIFT})

    eventbridge._put_events = put_announced
