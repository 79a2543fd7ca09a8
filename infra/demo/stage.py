"""What the demo has open at once: clients of the local cloud, the receiver, the API."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.client import Client

from infra.demo.feed import Doors
from infra.demo.progress import Progress
from infra.demo.receiver import Receiver
from infra.demo.setup import Installed
from infra.demo.warehouse import Warehouse

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient
    from types_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the acts of the demo play on."""

    tenant: str
    bus: str
    api: Client
    doors: Doors
    receiver: Receiver
    installed: Installed
    warehouse: Warehouse
    events: "EventBridgeClient"
    sqs: "SQSClient"
    progress: Progress
