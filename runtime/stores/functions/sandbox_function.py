"""Runs user code by the sandbox Lambda, whose execution environments serve one tenant each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from runtime.core.json_text import dump
from runtime.errors import Transient
from runtime.stores.aws import clients as aws

if TYPE_CHECKING:
    from types_boto3_lambda.client import LambdaClient

MAX_TEXT_CHARS: Final = 500  # of the sandbox's sentence, in an error of ours
_ENGINE_UNAVAILABLE: Final = "EngineUnavailable"  # the sandbox's exception, as Lambda names it


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxFunction:
    """The sandbox Lambda. A failure here is the platform's fault, never the user's."""

    client: "LambdaClient"
    name: str

    def run(self, tenant: str, job: Mapping[str, Any]) -> Mapping[str, Any]:
        """The sandbox's answer to a job.

        Raises:
            Transient: AWS throttles or refuses the call, or does not answer; with the code
                `engine_unavailable`, this installation cannot run the job's engine; with the code
                `sandbox_crashed`, the sandbox itself ended without a whole answer.
        """
        with aws.faults("invoke the sandbox"):
            answer = self.client.invoke(
                FunctionName=self.name,
                InvocationType="RequestResponse",
                TenantId=tenant,
                Payload=dump(job).encode(),
            )
            payload = answer["Payload"].read()
        if answer.get("FunctionError"):
            raise _fault(payload)
        try:
            result = json.loads(payload)
        except ValueError as problem:
            raise Transient("the sandbox's answer is not JSON", code="sandbox_crashed") from problem
        if not isinstance(result, dict):
            raise Transient("the sandbox's answer is not a JSON object", code="sandbox_crashed")
        return result


def _fault(payload: bytes) -> Transient:
    """The error of a job that ended with an exception."""
    try:
        error = json.loads(payload)
        kind, text = error["errorType"], str(error["errorMessage"])
    except (ValueError, KeyError, TypeError):
        kind, text = None, ""
    if kind == _ENGINE_UNAVAILABLE:
        return Transient(text[:MAX_TEXT_CHARS], code="engine_unavailable")
    return Transient("the sandbox ended without an answer", code="sandbox_crashed")
