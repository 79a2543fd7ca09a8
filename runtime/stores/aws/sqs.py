"""SQS's calls, which take and answer what botocore's do."""

from typing import TYPE_CHECKING, Any

from runtime.stores.aws.aws_json import AwsJson, Session

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient


class SQS:
    """What our queues need of it; fails as botocore's client does."""

    def __init__(
        self, client: "SQSClient", session: Session, *, ca_bundle: str | None = None
    ) -> None:
        self._service = AwsJson(client, session, target="AmazonSQS", ca_bundle=ca_bundle)

    def send_message_batch(self, **request: Any) -> Any:
        """Up to ten messages to one queue; the answer says which of them it took."""
        return self._service.call("SendMessageBatch", request)
