"""SQS's calls, which take and answer what botocore's do."""

from typing import TYPE_CHECKING, Any

from runtime.stores.aws.aws_json import AwsJson, Session
from runtime.stores.aws.service import Service

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient


class SQS:
    """What our queues need of it; fails as botocore's client does."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @classmethod
    def direct(
        cls, client: "SQSClient", session: Session, *, ca_bundle: str | None = None
    ) -> "SQS":
        """By our own wire, to where `client` would send its calls.

        Raises:
            SwitchNotHonoured: a switch of botocore's is set that our own wire cannot honour.
        """
        return cls(AwsJson(client, session, target="AmazonSQS", ca_bundle=ca_bundle))

    def send_message_batch(self, **request: Any) -> Any:
        """Up to ten messages to one queue; the answer says which of them it took."""
        return self._service.call("SendMessageBatch", request)

    def change_message_visibility_batch(self, **request: Any) -> Any:
        """Hide up to ten messages anew; the answer says for which of them it has not."""
        return self._service.call("ChangeMessageVisibilityBatch", request)
