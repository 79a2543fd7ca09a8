"""Match events with subscriptions: SQS in, partial batch response out."""

from typing import Final

from functions._batch import BatchHandler
from runtime.wiring import fanout

handler: Final = BatchHandler(fanout.build)
