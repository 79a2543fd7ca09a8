"""What an operator's machine does to an installation, by AWS and not by the API."""

from typing import Any

from runtime.stores.aws.dynamodb import DynamoDB
from runtime.stores.aws.service import BotocoreService
from runtime.stores.operations.switches import StoredSwitches
from runtime.stores.tables.table import Table


def switches(dynamodb: Any, *, config_table: str) -> StoredSwitches:
    """The switches of the installation with this table of configuration.

    Args:
        dynamodb: botocore's client.
        config_table: the table's name.
    """
    client = DynamoDB(BotocoreService(dynamodb))
    return StoredSwitches(table=Table(client=client, name=config_table))
