"""Checks each signed call as AWS does, by botocore's own signer, before ministack sees it.

Ministack does not check the signatures of the account's root, and checks others by code of its own.
A header that AWS would have refused went unseen that way. Loaded by ministack_main.py by its path;
it imports nothing of ours. The tests build servers of it whose clock is wrong.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ALGORITHM: Final = "AWS4-HMAC-SHA256"
STAMP: Final = "%Y%m%dT%H%M%SZ"
TOLERANCE: Final = timedelta(minutes=5)  # between the caller's clock and the server's, as in AWS
REFUSED: Final = 403
BAD_REQUEST: Final = 400
_PARTS: Final = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,\s]+)/(?P<scope>[^,\s]+),\s*"
    r"SignedHeaders=(?P<names>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_SCOPE: Final = re.compile(r"(?P<day>[0-9]{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it arrived."""

    method: str
    target: str  # path and query as they were sent, nothing decoded
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """A header's values between commas; None when there is none. `name` is in lower case."""
        values = [value.strip() for key, value in self.headers if key.lower() == name]
        return ",".join(values) if values else None


class Refused(Exception):
    """AWS would not have done what the request asks for; `code` is AWS's name of the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who says that it has signed a request, and how."""

    access_key: str
    day: str  # YYYYMMDD, as in the scope
    region: str
    service: str
    names: tuple[str, ...]  # of the signed headers, as they are listed
    signature: str


def is_signed(request: Request) -> bool:
    """Whether it has a signature of this kind; a presigned URL has none."""
    return (request.header("authorization") or "").startswith(ALGORITHM)


def claim(request: Request) -> Claim:
    """What the `Authorization` header says.

    Raises:
        Refused: it is none that AWS could read.
    """
    parts = _PARTS.fullmatch(request.header("authorization") or "")
    scope = parts and _SCOPE.fullmatch(parts["scope"])
    if not parts or not scope:
        raise Refused("IncompleteSignatureException", "The Authorization header is incomplete.")
    return Claim(
        access_key=parts["key"],
        names=tuple(parts["names"].split(";")),
        signature=parts["signature"],
        **scope.groupdict(),
    )


def check(request: Request, claimed: Claim, *, secret: str, now: datetime) -> None:
    """Nothing, if whoever has `secret` signed this very request at about `now`.

    Raises:
        Refused: somebody else did, or something was changed, or long ago, or left unsigned.
    """
    _check_names(request, claimed.names)
    stamp = request.header("x-amz-date") or ""
    _check_time(stamp, claimed.day, now)
    digest = request.header("x-amz-content-sha256")
    if digest and _DIGEST.fullmatch(digest) and digest != hashlib.sha256(request.body).hexdigest():
        raise Refused(
            "XAmzContentSHA256Mismatch", "The body is not what x-amz-content-sha256 says."
        )
    if not hmac.compare_digest(_signature(request, claimed, secret, stamp), claimed.signature):
        raise _invalid("The request signature we calculated does not match the one you provided.")


def _check_names(request: Request, names: Sequence[str]) -> None:
    if list(names) != sorted({name.lower() for name in names}):
        raise _invalid("SignedHeaders must be names in lower case, each once, and sorted.")
    if "host" not in names:
        raise _invalid("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    sent = {name.lower() for name, _ in request.headers}
    unsigned = sorted(name for name in sent - set(names) if name.startswith("x-amz-"))
    if unsigned:
        raise _invalid(f"There were headers present which were not signed: {', '.join(unsigned)}")
    missing = sorted(set(names) - sent)
    if missing:
        raise _invalid(f"There were signed headers which are not present: {', '.join(missing)}")


def _check_time(stamp: str, day: str, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError:
        raise _invalid("The request has no x-amz-date.") from None
    if stamp[: len(day)] != day:
        raise _invalid(f"Date in Credential scope does not match {stamp}.")
    if signed_at < now - TOLERANCE:
        raise _invalid(f"Signature expired: {stamp} is now earlier than {now - TOLERANCE:{STAMP}}")
    if signed_at > now + TOLERANCE:
        raise _invalid(f"Signature not yet current: {stamp} is still later than {now:{STAMP}}")


def _signature(request: Request, claimed: Claim, secret: str, stamp: str) -> str:
    made = AWSRequest(
        request.method, f"http://{request.header('host')}{request.target}", data=request.body
    )
    for name in claimed.names:
        made.headers[name] = request.header(name) or ""
    made.context["timestamp"] = stamp
    kind = S3SigV4Auth if claimed.service == "s3" else SigV4Auth
    signer = kind(Credentials(claimed.access_key, secret), claimed.service, claimed.region)
    canonical = signer.canonical_request(made)
    return str(signer.signature(signer.string_to_sign(made, canonical), made))


def _invalid(message: str) -> Refused:
    return Refused("InvalidSignatureException", message)


def answer(
    request: Request, refused: Refused, *, now: datetime
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the refusal, in the form of the protocol that was spoken."""
    date = format_datetime(now, usegmt=True)
    if "json" in (request.header("content-type") or ""):
        body = json.dumps({"__type": refused.code, "message": refused.message}).encode()
        return BAD_REQUEST, {"content-type": "application/x-amz-json-1.0", "date": date}, body
    text = f"<Error><Code>{refused.code}</Code><Message>{refused.message}</Message></Error>"
    return REFUSED, {"content-type": "text/xml", "date": date}, text.encode()


Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """An ASGI application that lets through to `app` what is signed well, or not signed at all.

    `secret_of` knows the secret of an access key, or None: then `app` refuses the key itself.
    `note` hears of each call: who and for which service, and the code if it was refused.
    """

    app: App
    secret_of: Callable[[str], str | None]
    note: Callable[[Claim, str | None], None]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not is_signed(_head(scope)):
            await self.app(scope, receive, send)
            return
        body = await _whole(receive)
        request = _head(scope, body)
        refused = self._refused(request)
        if refused is None:
            await self.app(scope, _again(body, receive), send)
        else:
            await _send(send, *answer(request, refused, now=datetime.now(UTC)))

    def _refused(self, request: Request) -> Refused | None:
        try:
            claimed = claim(request)
        except Refused as refused:
            return refused
        secret = self.secret_of(claimed.access_key)
        if secret is None:
            return None
        try:
            check(request, claimed, secret=secret, now=datetime.now(UTC))
        except Refused as refused:
            self.note(claimed, refused.code)
            return refused
        self.note(claimed, None)
        return None


def _head(scope: Message, body: bytes = b"") -> Request:
    query = scope["query_string"].decode("latin-1")
    return Request(
        method=scope["method"],
        target=scope["raw_path"].decode("latin-1") + (f"?{query}" if query else ""),
        headers=[
            (name.decode("latin-1"), text.decode("latin-1")) for name, text in scope["headers"]
        ],
        body=body,
    )


async def _whole(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay


async def _send(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    lines = [(name.encode(), text.encode()) for name, text in headers.items()]
    lines.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body, "more_body": False})
