"""What an operator's machine does to an installation, by AWS and not by the API."""

import secrets as dice
from typing import TYPE_CHECKING, Any

from runtime.stores.aws.dynamodb import DynamoDB
from runtime.stores.aws.service import BotocoreService
from runtime.stores.operations.switches import StoredSwitches
from runtime.stores.tables.table import Table
from runtime.wiring import worker

if TYPE_CHECKING:
    from runtime.usecases.operations.rotate_keys import RotateKeys


def switches(dynamodb: Any, *, config_table: str) -> StoredSwitches:
    """The switches of the installation with this table of configuration.

    Args:
        dynamodb: botocore's client.
        config_table: the table's name.
    """
    client = DynamoDB(BotocoreService(dynamodb))
    return StoredSwitches(table=Table(client=client, name=config_table))


def rotate_keys(*, dynamodb: Any, kms: Any, config_table: str, key_id: str) -> "RotateKeys":
    """What rotates the data keys of an installation.

    Args:
        dynamodb: botocore's client.
        kms: likewise.
        config_table: the name of its table of configuration.
        key_id: the key of KMS that wraps its data keys.
    """
    from runtime.stores.functions.functions import Functions
    from runtime.stores.operations.rotations import Rotations
    from runtime.stores.secrets import Secrets
    from runtime.stores.tables import config
    from runtime.stores.tenancy.api_keys import Tenants
    from runtime.stores.warehouse.syncs import Syncs
    from runtime.stores.webhooks.webhooks import Webhooks
    from runtime.usecases.operations.rotate_keys import RotateKeys

    table = config.table(DynamoDB(BotocoreService(dynamodb)), config_table)
    return RotateKeys(
        records=Rotations(table=table.table),
        tenants=Tenants(config=table),
        things=(Webhooks(config=table), Functions(config=table), Syncs(config=table)),
        rewrap=Secrets(client=kms, key_id=key_id, random=dice.token_bytes).rewrap,
        clock=worker.now,
    )
