"""A service of AWS as tables and queues call it, whoever speaks to it; and botocore speaking."""

from collections.abc import Mapping
from typing import Any, Protocol

from botocore import xform_name
from botocore.client import BaseClient


class Service(Protocol):
    """One service; operations, requests and answers are named and shaped as in its documentation.

    Both ways to speak raise botocore's errors: ClientError when the service refuses, BotoCoreError
    when no answer comes. `runtime.stores.aws.clients.faults` says what they mean to us.
    """

    def call(self, operation: str, request: Mapping[str, Any]) -> Any:
        """The answer of one operation."""

    async def call_async(self, operation: str, request: Mapping[str, Any]) -> Any:
        """Does the same without holding up the event loop."""


class BotocoreService:
    """A service that botocore's client speaks to: slower than our own wire, and knows every switch.

    The client has no calls for event loops, so each of theirs takes a thread. It reads a 200 that
    is not JSON as an empty answer, and it does not set a wrong clock; our own wire is stricter.
    """

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    def call(self, operation: str, request: Mapping[str, Any]) -> Any:
        """The answer of one operation.

        Raises:
            ClientError: the service has refused.
            BotoCoreError: no credentials, or no answer to any of the client's tries.
        """
        return getattr(self._client, xform_name(operation))(**request)

    async def call_async(self, operation: str, request: Mapping[str, Any]) -> Any:
        """The same, in a thread."""
        import asyncio  # half of the functions have no loop, and Lambda bills the import

        return await asyncio.to_thread(self.call, operation, request)
