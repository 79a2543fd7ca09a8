"""Lambda `run`: runs users' functions on the events that an SQS batch hints at."""

from typing import Final

from functions._batch import BatchHandler
from runtime.wiring import run

handler: Final = BatchHandler(run.build)
