"""Starts the function that works jobs off, and does not wait for it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.core.json_text import dump
from runtime.stores.aws import clients as aws

if TYPE_CHECKING:
    from types_boto3_lambda.client import LambdaClient


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsFunction:
    """The Lambda that works jobs off."""

    client: "LambdaClient"
    name: str

    def start(self, tenant: str, job_id: str, /) -> None:
        """Ask for this job to be worked on now; if that is lost, the next minute's call does it."""
        with aws.faults("start the job"):
            self.client.invoke(
                FunctionName=self.name,
                InvocationType="Event",
                Payload=dump({"tenant": tenant, "job_id": job_id}).encode(),
            )
