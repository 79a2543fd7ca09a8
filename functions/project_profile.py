"""Keep profiles up to date with the events about them: SQS in, partial batch response out."""

from typing import Final

from functions._batch import BatchHandler
from runtime.wiring import profiles

handler: Final = BatchHandler(profiles.build)
