"""Lambda `follow_outcomes`: archives how deliveries and runs stand, by their tables' streams."""

from typing import Final

from functions._stream import StreamHandler
from runtime.wiring import outcomes

handler: Final = StreamHandler(outcomes.build_follower)
