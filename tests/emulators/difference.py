"""One question that emulators answer differently, and how each answers it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from tests.cloud import Cloud

TAKEN: Final = "takes it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One question that the emulators do not answer alike."""

    asks: str  # what is tried, as the page says it
    call: Callable[[Cloud], object]
    aws: str  # what AWS's documentation says it answers: `TAKEN`, or the code of its error
    moto: str  # as `aws`, and so are the two below
    ministack: str
    other: str  # DynamoDB Local's, or ElasticMQ's

    def expected(self, where: str) -> str:
        """What the emulator of this name (as in `tests/contract/conftest.py`) answers."""
        return {"in process": self.moto, "local cloud": self.ministack, "others": self.other}[where]

    def row(self) -> str:
        """Its line of the page's table."""
        cells = (self.aws, self.moto, self.ministack, self.other)
        words = (each if each == TAKEN else f"`{each}`" for each in cells)
        return f"| {self.asks} | {' | '.join(words)} |\n"


def answer(difference: Difference, cloud: Cloud) -> str:
    """What an emulator answers: `TAKEN`, or the code of its error."""
    try:
        difference.call(cloud)
    except ClientError as refusal:
        return refusal.response["Error"]["Code"].removeprefix("AWS.SimpleQueueService.")
    except (BotoCoreError, NotImplementedError, ValueError) as failure:  # moto raises through
        return type(failure).__name__
    return TAKEN
