"""The messages of the run queue. A message is a hint; the stored record decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runtime.core.deliveries.messages import unpack
from runtime.core.shallow import shallow
from runtime.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMessage:
    """Asks a worker to make one attempt of a run."""

    tenant: str
    run_id: str
    function: str
    event: Mapping[str, Any]  # the envelope as JSON
    webhook_id: str | None = None  # the webhook whose transform it is; None for a trigger
    attempt: int = 1  # from 1
    version: int | None = None  # the version to run; None: live or canary
    replay_id: str | None = None  # the job that runs it again; None for none
    replayed_after: int = 0  # how many attempts were made before its present round

    def to_json(self) -> dict[str, Any]:
        """The message as it stands on the queue."""
        return {"v": 1, "kind": "run", **shallow(self)}

    @property
    def group(self) -> str:
        """The fair-queue group: one busy function must not delay another."""
        return f"{self.tenant}#{self.function}"


def parse_run(text: str) -> RunMessage:
    """Read a message of the run queue.

    Raises:
        BadInput: code `bad_message`: the text is no run message.
    """
    fields = unpack(text, kind="run")
    try:
        return RunMessage(**fields)
    except TypeError as problem:
        raise BadInput(f"malformed message: {problem}", code="bad_message") from problem
