"""AWS's JSON protocol, spoken without botocore's model of a service.

More than half of a delivery's CPU time went into botocore's checks, serializer, endpoint rules and
user agent, for requests that have the form of the wire already (ADR 0010). botocore still finds
region, endpoint and credentials. The errors are botocore's, and its `before-send` event is emitted,
so that moto and whoever else listens to it works here too.
"""

import json
import random
import zlib
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Any, Final, Protocol

from botocore.awsrequest import AWSPreparedRequest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, HTTPClientError, NoCredentialsError
from botocore.handlers import add_recursion_detection_header

from runtime.stores.aws import server_clock, switches
from runtime.stores.aws.connections import BrokenAnswer, Connections, Reply
from runtime.stores.aws.server_clock import ServerClock
from runtime.stores.aws.sigv4 import Identity, Scope, sign

TRIES: Final = 2  # and no more: SQS owns the retries, and tries multiplied by tries make a storm
MAX_PAUSE_S: Final = 1.0
CONNECT_TIMEOUT_S: Final = 2
READ_TIMEOUT_S: Final = 10
CRC32_DIGITS: Final = 10
OK: Final = 200
REFUSED: Final = frozenset({400, 403})
SERVER_FAULT: Final = 500
BUSY: Final = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
Wait = Callable[[float], object]
Rest = Callable[[float], Awaitable[object]]


class Session(Protocol):
    """boto3's or botocore's."""

    def get_credentials(self) -> Any:
        """The credentials, refreshed as needed; None when there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Post:
    """A signed request that is to be made."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Pause:
    """Wait before the next try."""

    seconds: float


_Flow = Generator[_Post | _Pause, Reply | None, Any]


def wait(seconds: float) -> None:
    """Let the time pass."""
    Event().wait(seconds)


async def rest(seconds: float) -> None:
    """Let the time pass, while others of the event loop go on."""
    import asyncio  # half of the functions have no loop, and Lambda bills the import

    await asyncio.sleep(seconds)


class AwsJson:
    """One service, whose endpoint, region and events are those of a botocore client.

    `call` and `call_async` differ only in how they wait.

    Args:
        client: of botocore, for the same service.
        session: has the credentials.
        target: the service's name in its calls, such as `DynamoDB_20120810`.
        ca_bundle: a PEM file with the authorities to trust; None for those of botocore.
        to_json: a hook of the json module, for values that JSON does not have; None for no hook.
        from_json: its counterpart.
        wait: lets seconds pass, for `call`.
        rest: does so for `call_async`.
    """

    def __init__(  # noqa: PLR0913 - what tells one service from another
        self,
        client: BaseClient,
        session: Session,
        *,
        target: str,
        ca_bundle: str | None = None,
        to_json: Callable[[Any], Any] | None = None,
        from_json: Callable[[dict[str, Any]], Any] | None = None,
        wait: Wait = wait,
        rest: Rest = rest,
    ) -> None:
        meta = client.meta
        self._events: Any = meta.events
        self._name = meta.service_model.service_name
        self._url = switches.endpoint(client)
        self._scope = Scope(service=meta.service_model.signing_name, region=meta.region_name)
        self._session = session
        self._clock = ServerClock()
        self._connections = Connections(
            self._url,
            connect_timeout_s=CONNECT_TIMEOUT_S,
            read_timeout_s=READ_TIMEOUT_S,
            ca_bundle=ca_bundle,
        )
        self._target = target
        self._to_json = to_json
        self._from_json = from_json
        self._wait = wait
        self._rest = rest

    def call(self, operation: str, request: Mapping[str, Any]) -> Any:
        """The answer of one operation, named and shaped as in AWS's documentation.

        Raises:
            ClientError: the service refused; it has the service's code and cancellation reasons.
            BotoCoreError: no credentials, or no answer to any of the tries.
        """
        flow = self._flow(operation, request)
        try:
            step = next(flow)
            while True:
                try:
                    reply = self._perform(step)
                except OSError as problem:
                    step = flow.throw(problem)
                else:
                    step = flow.send(reply)
        except StopIteration as done:
            return done.value

    async def call_async(self, operation: str, request: Mapping[str, Any]) -> Any:
        """As `call`, without holding up the event loop."""
        flow = self._flow(operation, request)
        try:
            step = next(flow)
            while True:
                try:
                    reply = await self._perform_async(step)
                except OSError as problem:
                    step = flow.throw(problem)
                else:
                    step = flow.send(reply)
        except StopIteration as done:
            return done.value

    def _perform(self, step: _Post | _Pause) -> Reply | None:
        if isinstance(step, _Post):
            return self._connections.post(step.body, step.headers)
        self._wait(step.seconds)
        return None

    async def _perform_async(self, step: _Post | _Pause) -> Reply | None:
        if isinstance(step, _Post):
            return await self._connections.post_async(step.body, step.headers)
        await self._rest(step.seconds)
        return None

    def _flow(self, operation: str, request: Mapping[str, Any]) -> _Flow:
        body = json.dumps(request, separators=(",", ":"), default=self._to_json).encode()
        for tries_left in reversed(range(TRIES)):
            try:
                reply = yield from self._send(operation, body)
                if reply.status == OK:
                    return self._read(reply)
            except OSError as problem:
                if not tries_left:
                    raise HTTPClientError(error=problem) from problem
            else:
                refusal = _refusal(operation, reply)
                if not tries_left or not _may_pass(refusal, reply.status):
                    raise refusal
            yield _Pause(random.uniform(0, MAX_PAUSE_S))  # noqa: S311 - spreads load, guards nothing
        raise AssertionError("the last try answers or raises")

    def _send(self, operation: str, body: bytes) -> Generator[_Post, Reply | None, Reply]:
        signed_at = self._clock.now()
        reply = yield from self._send_signed(operation, body, signed_at)
        if _blames_the_clock(reply) and self._clock.set_by(reply.date, signed_at=signed_at):
            reply = yield from self._send_signed(operation, body, self._clock.now())
        return reply

    def _send_signed(
        self, operation: str, body: bytes, now: datetime
    ) -> Generator[_Post, Reply | None, Reply]:
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "host": self._connections.host,
            "x-amz-target": f"{self._target}.{operation}",
        }
        signed = sign(body, headers, identity=self._identity(), scope=self._scope, now=now)
        # By this header AWS recognises Lambdas that call each other in a loop. It is never signed:
        # services on the way change it.
        add_recursion_detection_header({"headers": signed})
        request: Any = AWSPreparedRequest("POST", self._url, signed, body, stream_output=False)  # type: ignore[arg-type]
        _, answer = self._events.emit_until_response(
            f"before-send.{self._name}.{operation}", request=request
        )
        if answer is None:
            reply = yield _Post(body=body, headers=signed)
            assert reply is not None  # noqa: S101 - a post has a reply; only a pause has none
        else:
            reply = _reply(answer)
        _check_sum(reply)
        return reply

    def _read(self, reply: Reply) -> dict[str, Any]:
        try:
            answer = json.loads(reply.body, object_hook=self._from_json)
        except ValueError as problem:
            raise BrokenAnswer("the answer is not JSON") from problem
        if not isinstance(answer, dict):
            raise BrokenAnswer("the answer is not an object")
        return answer

    def _identity(self) -> Identity:
        credentials = self._session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        frozen = credentials.get_frozen_credentials()
        return Identity(
            access_key=frozen.access_key, secret_key=frozen.secret_key, token=frozen.token
        )


def _reply(answer: Any) -> Reply:
    headers = answer.headers
    return Reply(
        status=answer.status_code,
        body=answer.content,
        date=headers.get("date"),
        checksum=headers.get("x-amz-crc32"),
    )


def _check_sum(reply: Reply) -> None:
    # As botocore does: an answer need not have a checksum, but one that it has must be right. The
    # texts are compared, because a header may hold anything and need be no number.
    checksum = str(zlib.crc32(reply.body)).zfill(CRC32_DIGITS)
    if reply.checksum is not None and reply.checksum.zfill(CRC32_DIGITS) != checksum:
        raise BrokenAnswer("the answer does not match its checksum")


def _blames_the_clock(reply: Reply) -> bool:
    return reply.status in REFUSED and _code(reply) in server_clock.REFUSALS


def _refusal(operation: str, reply: Reply) -> ClientError:
    document = _document(reply)
    answer: Any = {
        "Error": {
            "Code": _code(reply),
            "Message": document.get("message") or document.get("Message") or "",
        },
        "CancellationReasons": document.get("CancellationReasons", []),
        "ResponseMetadata": {"HTTPStatusCode": reply.status},
    }
    return ClientError(answer, operation)


def _code(reply: Reply) -> str:
    code = str(_document(reply).get("__type", "")).rpartition("#")[2]
    return code or str(reply.status)  # without a code, a gateway in front of AWS has answered


def _document(reply: Reply) -> dict[str, Any]:
    try:
        document = json.loads(reply.body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _may_pass(refusal: ClientError, status: int) -> bool:
    return status >= SERVER_FAULT or refusal.response["Error"].get("Code") in BUSY
