"""Run users' functions on events: SQS in, partial batch response out."""

from typing import Final

from functions._batch import BatchHandler
from runtime.wiring import run

handler: Final = BatchHandler(run.build)
