"""Lambda entry points: decode, one use case, encode."""

import gc
from typing import Final

from runtime.wiring import worker

# New objects until the next look for cycles. A start makes some hundred thousand that all stay, and
# with Python's own 700 it would look through them again and again, for a tenth of its time.
_NEW_OBJECTS: Final = 50_000

if worker.in_lambda():
    gc.set_threshold(_NEW_OBJECTS)
