"""AWS clients, and what their failures mean to us."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from runtime.errors import BadInput, Transient
from runtime.stores.aws.assumed_role import session_as
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
LateService = Literal["kms", "lambda", "redshift-data"]

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
# Without this, botocore signs URLs for others in an older way, which binds no header.
_SIGNING: Final = QUICK.merge(Config(signature_version="s3v4"))

# By botocore's own scheme: name in a profile, in the environment, default, conversion.
_MORE_VARIABLES: Final = {"requests_ca_bundle": (None, "REQUESTS_CA_BUNDLE", None, None)}


class _OnFirstCall:
    """Stands for a client, and builds it when something is asked of it for the first time."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build

    @cached_property
    def _client(self) -> Any:
        return self._build()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class Clients:
    """Clients on one shared session. Each is built when a store is made with it.

    Args:
        wire: who speaks to DynamoDB and SQS for `tables` and `queues`: our own code, or botocore.
        late: the services whose clients are built with their first call instead, because most
            calls of the process need none of them; init time is billed.
        redshift_role_arn: the role that the Redshift Data API is called with; empty for the
            process's own.
    """

    def __init__(
        self,
        *,
        wire: Wire = "direct",
        late: Collection[LateService] = (),
        redshift_role_arn: str = "",
    ) -> None:
        self._lock = Lock()
        self._wire = wire
        self._late = late
        self._redshift_role_arn = redshift_role_arn

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
        """DynamoDB, for items: the wire that `wire` names."""
        if self._wire == "botocore":
            return DynamoDB(BotocoreService(self.dynamodb))
        return DynamoDB.direct(self.dynamodb, self._session, ca_bundle=self._ca_bundle)

    @cached_property
    def queues(self) -> SQS:
        """SQS, for messages: the wire that `wire` names."""
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
        return cast("KMSClient", self._maybe_late("kms", QUICK))

    @cached_property
    def s3(self) -> "S3Client":
        """S3. Few batches need it, so several threads may ask for it at once."""
        with self._lock:  # a session makes one client at a time
            return cast("S3Client", self._session.create_client("s3", config=_SIGNING))

    def s3_as(self, role_arn: str, *, external_id: str, region: str) -> "S3Client":
        """S3 in the name of a role of somebody else's, in a region or, if empty, in our own."""
        with self._lock:  # a session makes one client at a time
            session = session_as(role_arn, caller=self._session, external_id=external_id)
            where = region or self._session.get_config_variable("region")
            return cast("S3Client", session.create_client("s3", config=_SIGNING, region_name=where))

    @cached_property
    def functions(self) -> "LambdaClient":
        """Lambda, for invoking the sandbox."""
        return cast("LambdaClient", self._maybe_late("lambda", ONCE))

    @cached_property
    def cloudwatch(self) -> Any:
        """CloudWatch, for reading metrics; built with its first call."""
        return _OnFirstCall(lambda: self._session.create_client("cloudwatch", config=QUICK))

    def _maybe_late(self, service: LateService, config: Config, *, role_arn: str = "") -> Any:
        def build() -> Any:
            with self._lock:  # a session makes one client at a time
                session = session_as(role_arn, caller=self._session) if role_arn else self._session
                return session.create_client(service, config=config)

        return _OnFirstCall(build) if service in self._late else build()

    @cached_property
    def redshift_data(self) -> "RedshiftDataAPIServiceClient":
        """The Redshift Data API."""
        return cast(
            "RedshiftDataAPIServiceClient",
            self._maybe_late("redshift-data", LONG_POLL, role_arn=self._redshift_role_arn),
        )


@contextmanager
def faults(doing: str) -> Iterator[None]:
    """Turns AWS's failures into ours; `doing` begins the message.

    A failure of AWS is the platform's fault and Transient, also a denied permission or a missing
    table: the user has not caused it, and the work waits in its queue until somebody mends it.

    Raises:
        ClientError: a condition failed, which only the caller can judge.
        BadInput: `too_large`: the item is larger than an item may be.
        Transient: `aws_unavailable`: everything else.
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
    # A transaction reports the same refusal as the reason of one of its writes.
    return error_code(problem) == "ValidationException" or "ValidationError" in cancellations(
        problem
    )


def error_code(problem: ClientError) -> str:
    """AWS's code for the failure, such as `ThrottlingException`."""
    return problem.response["Error"].get("Code", "Unknown")


def is_condition(problem: ClientError) -> bool:
    """Whether a write failed because its condition does not hold."""
    match error_code(problem):
        case "ConditionalCheckFailedException":
            return True
        case "TransactionCanceledException":
            return "ConditionalCheckFailed" in cancellations(problem)
        case _:
            return False


def is_conflict(problem: ClientError) -> bool:
    """Whether a write failed because a transaction was just writing the same item."""
    return error_code(problem) == "TransactionConflictException" or (
        "TransactionConflict" in cancellations(problem)
    )


def cancellations(problem: ClientError) -> tuple[str, ...]:
    """Why a transaction was cancelled, one code for each of its writes."""
    reasons = cast("list[dict[str, str]]", problem.response.get("CancellationReasons", []))
    return tuple(reason.get("Code", "None") for reason in reasons)
