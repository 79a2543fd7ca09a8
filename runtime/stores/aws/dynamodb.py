"""DynamoDB's calls, which take and answer what botocore's do."""

import base64
from typing import TYPE_CHECKING, Any

from runtime.stores.aws import aws_json
from runtime.stores.aws.aws_json import AwsJson, Rest, Session, Wait
from runtime.stores.aws.service import Service

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


class DynamoDB:
    """What our tables need of it; fails as botocore's client does."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @classmethod
    def direct(
        cls,
        client: "DynamoDBClient",
        session: Session,
        *,
        ca_bundle: str | None = None,
        wait: Wait = aws_json.wait,
        rest: Rest = aws_json.rest,
    ) -> "DynamoDB":
        """By our own wire, to where `client` would send its calls.

        Raises:
            SwitchNotHonoured: a switch of botocore's is set that our own wire cannot honour.
        """
        return cls(
            AwsJson(
                client,
                session,
                target="DynamoDB_20120810",
                ca_bundle=ca_bundle,
                to_json=_to_base64,
                from_json=_from_base64,
                wait=wait,
                rest=rest,
            )
        )

    def get_item(self, **request: Any) -> Any:
        """One item, if it exists."""
        return self._service.call("GetItem", request)

    def batch_get_item(self, **request: Any) -> Any:
        """Up to a hundred items by key."""
        return self._service.call("BatchGetItem", request)

    def batch_write_item(self, **request: Any) -> Any:
        """Up to 25 writes without conditions."""
        return self._service.call("BatchWriteItem", request)

    def put_item(self, **request: Any) -> Any:
        """Write an item."""
        return self._service.call("PutItem", request)

    async def put_item_async(self, **request: Any) -> Any:
        """Write an item, while others of the event loop go on."""
        return await self._service.call_async("PutItem", request)

    def update_item(self, **request: Any) -> Any:
        """Change an item."""
        return self._service.call("UpdateItem", request)

    def transact_write_items(self, **request: Any) -> Any:
        """Several writes, or none."""
        return self._service.call("TransactWriteItems", request)

    def query(self, **request: Any) -> Any:
        """A page of a partition."""
        return self._service.call("Query", request)


def _to_base64(raw: object) -> str:
    if isinstance(raw, bytes):
        return base64.b64encode(raw).decode()
    raise TypeError(f"no DynamoDB form for {type(raw).__name__}")


def _from_base64(value: dict[str, Any]) -> dict[str, Any]:
    # A map with an attribute named B holds an object there; only a binary value holds a text.
    if len(value) == 1 and isinstance(value.get("B"), str):
        return {"B": base64.b64decode(value["B"])}
    return value
