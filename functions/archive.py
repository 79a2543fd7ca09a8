"""Put events into the raw log: SQS in, partial batch response out."""

from typing import Final

from functions._batch import BatchHandler
from runtime.wiring import archive

handler: Final = BatchHandler(archive.build)
