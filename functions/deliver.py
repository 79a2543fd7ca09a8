"""Lambda `deliver`: attempts the deliveries that an SQS batch hints at."""

from typing import Final

from functions._batch import BatchHandler
from runtime.wiring import deliver

handler: Final = BatchHandler(deliver.build)
