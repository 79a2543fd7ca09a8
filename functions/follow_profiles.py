"""Lambda `follow_profiles`: does what follows from the changes of profiles, by their stream."""

from typing import Final

from functions._stream import StreamHandler
from runtime.wiring import profiles

handler: Final = StreamHandler(profiles.build_follower)
