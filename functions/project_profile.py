"""Lambda `project_profile`: changes profiles as the events of an SQS batch say."""

from typing import Final

from functions._batch import BatchHandler
from runtime.wiring import profiles

handler: Final = BatchHandler(profiles.build)
