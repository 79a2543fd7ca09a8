"""Attempt deliveries: SQS in, partial batch response out."""

from typing import Final

from functions._batch import BatchHandler
from runtime.wiring import deliver

handler: Final = BatchHandler(deliver.build)
