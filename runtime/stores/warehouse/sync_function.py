"""Starts the sync function, and does not wait for it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.core.json_text import dump
from runtime.stores.aws import clients as aws

if TYPE_CHECKING:
    from types_boto3_lambda.client import LambdaClient


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncFunction:
    """The Lambda that loads the warehouse, for one sync at a time."""

    client: "LambdaClient"
    name: str

    def start(self, tenant: str, sync_id: str, /) -> None:
        """Ask for one run of this sync; Lambda's own queue keeps the request until it has run."""
        with aws.faults("start the sync"):
            self.client.invoke(
                FunctionName=self.name,
                InvocationType="Event",
                Payload=dump({"tenant": tenant, "sync_id": sync_id}).encode(),
            )
