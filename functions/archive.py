"""Lambda `archive`: puts the events of an SQS batch into the raw log."""

from typing import Final

from functions._batch import BatchHandler
from runtime.wiring import archive

handler: Final = BatchHandler(archive.build)
