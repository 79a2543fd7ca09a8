"""Lambda `fanout`: matches the events of an SQS batch with subscriptions."""

from typing import Final

from functions._batch import BatchHandler
from runtime.wiring import fanout

handler: Final = BatchHandler(fanout.build)
