"""What travels on the run queue. A message is a hint; the stored record decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runtime.core.deliveries.messages import unpack
from runtime.core.shallow import shallow
from runtime.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMessage:
    """Run `function` on `event` (the envelope as JSON), for a webhook if `webhook_id` is set."""

    tenant: str
    run_id: str
    function: str
    event: Mapping[str, Any]
    webhook_id: str | None = None
    attempt: int = 1

    def to_json(self) -> dict[str, Any]:
        """As it stands on the queue."""
        return {"v": 1, "kind": "run", **shallow(self)}

    @property
    def group(self) -> str:
        """The fair-queue group."""
        return f"{self.tenant}#{self.function}"


def parse_run(text: str) -> RunMessage:
    """A message of the run queue.

    Raises:
        BadInput: anything else.
    """
    fields = unpack(text, kind="run")
    try:
        return RunMessage(**fields)
    except TypeError as problem:
        raise BadInput(f"malformed message: {problem}", code="bad_message") from problem
