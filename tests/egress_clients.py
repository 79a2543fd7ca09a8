"""Both clients behind one face, for tests that must hold for each."""

import asyncio
from typing import Any, Final

from runtime.egress.answer import Answer
from runtime.egress.client import Egress, Request, SyncEgress
from runtime.egress.policy import EgressPolicy

LOCAL: Final = EgressPolicy(allow_local=True)
SHORT_S: Final = 0.25  # for what must end by the deadline
LONG_S: Final = 10.0  # for what must end without it


class AsyncClient:
    """The async client, driven from a test as if it were a blocking one."""

    def __init__(self, policy: EgressPolicy, **options: Any) -> None:
        self._runner = asyncio.Runner()
        self._egress = Egress(policy, **options)

    def send(self, request: Request, **limits: Any) -> Answer:
        """Send on a loop that lives as long as the client."""
        return self._runner.run(self._egress.send(request, **limits))

    def close(self) -> None:
        """Close the connections and the loop."""
        self._egress.close()
        self._runner.run(asyncio.sleep(0))
        self._runner.close()


Client = AsyncClient | SyncEgress


def post(url: str, **changes: Any) -> Request:
    """A small POST."""
    return Request(**({"method": "POST", "url": url, "body": b'{"a":1}'} | changes))
