"""AWS clients, and what their failures mean to us."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from runtime.errors import BadInput, Transient
from runtime.stores.aws.dynamodb import DynamoDB
from runtime.stores.aws.service import BotocoreService
from runtime.stores.aws.sqs import SQS

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_events.client import EventBridgeClient
    from types_boto3_kms.client import KMSClient
    from types_boto3_lambda.client import LambdaClient
    from types_boto3_redshift_data.client import RedshiftDataAPIServiceClient
    from types_boto3_s3.client import S3Client
    from types_boto3_sqs.client import SQSClient

Wire = Literal["botocore", "direct"]

# Two tries and no more: SQS owns the retries, and tries multiplied by tries make a storm.
QUICK: Final = Config(
    connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2}
)
# A run must not be started twice because its answer was slow; the queue tries again instead.
INVOKE_READ_TIMEOUT_S: Final = 180  # the sandbox's own timeout is 170 s
ONCE: Final = Config(
    connect_timeout=2, read_timeout=INVOKE_READ_TIMEOUT_S, retries={"total_max_attempts": 1}
)
# Describing a statement is a long poll: the answer may take as long as it was told to wait.
LONG_POLL: Final = Config(
    connect_timeout=2, read_timeout=45, retries={"mode": "standard", "total_max_attempts": 2}
)

# By botocore's own scheme: name in a profile, in the environment, default, conversion.
_MORE_VARIABLES: Final = {"requests_ca_bundle": (None, "REQUESTS_CA_BUNDLE", None, None)}


class Clients:
    """Clients on one shared session, each built when first asked for: init time is billed.

    `wire` is who speaks to DynamoDB and SQS for `tables` and `queues`: our own code, or botocore.
    """

    def __init__(self, *, wire: Wire = "direct") -> None:
        self._lock = Lock()
        self._wire = wire

    @cached_property
    def _session(self) -> botocore.session.Session:
        return botocore.session.get_session(_MORE_VARIABLES)

    @property
    def _ca_bundle(self) -> str | None:
        # In botocore's order. Its clients read the second variable too, but its session does not.
        session: Any = self._session
        name: str | None = session.get_config_variable("ca_bundle")
        return name or session.get_config_variable("requests_ca_bundle")

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """DynamoDB."""
        return cast("DynamoDBClient", self._session.create_client("dynamodb", config=QUICK))

    @cached_property
    def sqs(self) -> "SQSClient":
        """SQS."""
        return cast("SQSClient", self._session.create_client("sqs", config=QUICK))

    @cached_property
    def tables(self) -> DynamoDB:
        """DynamoDB, for what is read and written all the time."""
        if self._wire == "botocore":
            return DynamoDB(BotocoreService(self.dynamodb))
        return DynamoDB.direct(self.dynamodb, self._session, ca_bundle=self._ca_bundle)

    @cached_property
    def queues(self) -> SQS:
        """SQS, for what is sent all the time."""
        if self._wire == "botocore":
            return SQS(BotocoreService(self.sqs))
        return SQS.direct(self.sqs, self._session, ca_bundle=self._ca_bundle)

    @cached_property
    def events(self) -> "EventBridgeClient":
        """EventBridge."""
        return cast("EventBridgeClient", self._session.create_client("events", config=QUICK))

    @cached_property
    def kms(self) -> "KMSClient":
        """KMS."""
        return cast("KMSClient", self._session.create_client("kms", config=QUICK))

    @cached_property
    def s3(self) -> "S3Client":
        """S3; seldom needed, so it may be asked for first by threads that work side by side."""
        with self._lock:  # a session makes one client at a time
            return cast("S3Client", self._session.create_client("s3", config=QUICK))

    @cached_property
    def functions(self) -> "LambdaClient":
        """Lambda, for invoking the sandbox."""
        return cast("LambdaClient", self._session.create_client("lambda", config=ONCE))

    @cached_property
    def redshift_data(self) -> "RedshiftDataAPIServiceClient":
        """The Redshift Data API."""
        return cast(
            "RedshiftDataAPIServiceClient",
            self._session.create_client("redshift-data", config=LONG_POLL),
        )


@contextmanager
def faults(doing: str) -> Iterator[None]:
    """Whatever AWS answers but success is the platform's fault, and Transient, with two exceptions.

    A denied permission or a missing table is Transient too: it is not the user's doing, and the
    work must wait in its queue until somebody has mended it. Failed conditions pass through, for
    the caller to judge; an item that is too large is the input's own fault.
    """
    try:
        yield
    except ClientError as problem:
        if is_condition(problem):
            raise
        code = error_code(problem)
        text = problem.response["Error"].get("Message", "")
        if _refuses_the_item(problem) and "size" in text.lower():
            raise BadInput(f"{doing}: larger than an item may be", code="too_large") from problem
        raise Transient(f"{doing}: {code}", code="aws_unavailable") from problem
    except BotoCoreError as problem:
        raise Transient(f"{doing}: {type(problem).__name__}", code="aws_unavailable") from problem


def _refuses_the_item(problem: ClientError) -> bool:
    # In a transaction the same refusal is one write's reason for cancelling all.
    return error_code(problem) == "ValidationException" or "ValidationError" in cancellations(
        problem
    )


def error_code(problem: ClientError) -> str:
    """AWS's own name of the failure."""
    return problem.response["Error"].get("Code", "Unknown")


def is_condition(problem: ClientError) -> bool:
    """Whether a write lost because of its condition, and not for another reason."""
    match error_code(problem):
        case "ConditionalCheckFailedException":
            return True
        case "TransactionCanceledException":
            return "ConditionalCheckFailed" in cancellations(problem)
        case _:
            return False


def cancellations(problem: ClientError) -> tuple[str, ...]:
    """Why a transaction was cancelled, one code for each of its writes."""
    reasons = cast("list[dict[str, str]]", problem.response.get("CancellationReasons", []))
    return tuple(reason.get("Code", "None") for reason in reasons)
