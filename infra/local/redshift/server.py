"""The HTTP server: AWS's JSON 1.1 protocol, as boto3's `redshift-data` client speaks it.

https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

import json
import logging
import re
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.place import SCRATCH
from infra.local.redshift.api import Api
from infra.local.redshift.copying import Copier
from infra.local.redshift.faults import EventFault, Faults
from infra.local.redshift.statements import Refused, Statement, Statements
from infra.local.redshift.users import ADMIN

if TYPE_CHECKING:
    from types_boto3_events.client import EventBridgeClient
    from types_boto3_s3.client import S3Client

_LOG: Final = logging.getLogger(__name__)


class Identity(Protocol):
    """Knows the callers, and what IAM permits them."""

    def check(self, authorization: str, operation: str, /, *, workgroup: str) -> str:
        """The database user that a caller is, if it may make this call.

        Args:
            authorization: the request's header, which names the caller's access key.
            operation: the name of the Data API's operation.
            workgroup: the workgroup that the request names; empty if it names none.

        Raises:
            Refused: it may not, or the request is not signed.
        """

    def reader(self, role_arn: str, /) -> "S3Client":
        """An S3 client with the permissions of the role that COPY names."""


@dataclass(slots=True)
class Announcer:
    """Puts events on the default bus when statements end. As on AWS, an event may be lost."""

    events: "EventBridgeClient | None"  # None sends nothing
    faults: Faults
    _held: list[Statement] = field(default_factory=list)  # whose events are late

    def __call__(self, statement: Statement) -> None:
        """Announce how a statement ended."""
        fault = self.faults.events.pop(0) if self.faults.events else None
        if fault is EventFault.LATE:
            self._held.append(statement)
        if fault in (EventFault.LATE, EventFault.LOST):
            return
        for each in [statement] * (2 if fault is EventFault.TWICE else 1) + self._held:
            self._put(each)
        self._held.clear()

    def _put(self, statement: Statement) -> None:
        if self.events is None:
            return
        detail = {
            "statementId": statement.id,
            "statementName": statement.name or "",
            "state": statement.status,
            "rows": 0,
            "redshiftQueryId": 0,
        }
        entry: Any = {
            "Source": "aws.redshift-data",
            "DetailType": "Redshift Data Statement Status Change",
            "Detail": json.dumps(detail),
        }
        try:
            refused = self.events.put_events(Entries=[entry])["FailedEntryCount"]
        except (BotoCoreError, ClientError):
            _LOG.warning("event of statement %s is lost", statement.id, exc_info=True)
        else:
            if refused:
                _LOG.warning("event of statement %s is refused", statement.id)


class RedshiftServer:
    """A running stand-in.

    Args:
        database: the file of the DuckDB database.
        s3: the client that COPY reads with, if there is no `identity`.
        identity: knows the callers and what they may do, and gives COPY the client of its role.
            None lets anybody do anything, as the database's superuser.
        events: the client that announces how statements end; None announces nothing.
        port: the port on loopback; 0 takes a free one.
        now: gives the time in seconds since the epoch.

    Attributes:
        faults: what tests may do to it.
    """

    def __init__(
        self,
        *,
        database: Path,
        s3: "S3Client",
        identity: Identity | None = None,
        events: "EventBridgeClient | None" = None,
        port: int = 0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix=SCRATCH, dir=database.parent)
        reader = identity.reader if identity is not None else lambda _role: s3
        copier = Copier(reader, Path(self._scratch.name).resolve())
        self.faults = Faults()
        self._statements = Statements(
            database, copier, faults=self.faults, announce=Announcer(events, self.faults), now=now
        )
        self._http = _Server(("127.0.0.1", port), _Handler)
        self._http.api = Api(self._statements)
        self._http.identity = identity
        self._http.lost_replies = self.faults.lost_replies
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on, on loopback only."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """Its URL, for `endpoint_url` of a client."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop listening, let the running statement finish, and close the database."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        self._statements.close()
        self._scratch.cleanup()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    api: Api
    identity: Identity | None
    lost_replies: set[str]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Buffered, so that headers and body leave in one packet. Without a buffer, each call would wait
    # 40 ms for a delayed acknowledgement.
    wbufsize = -1
    server: _Server

    def do_POST(self) -> None:
        """Answer one call."""
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        status, answer = self._answer(operation)
        if operation in self.server.lost_replies:
            self.server.lost_replies.discard(operation)
            self.close_connection = True
            return
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _answer(self, operation: str) -> tuple[int, Mapping[str, Any]]:
        """The status and the body of an answer; whatever happens, there is one."""
        try:
            request = self._request()
            user = ADMIN
            if self.server.identity is not None:
                signature = self.headers.get("Authorization", "")
                workgroup = str(request.get("WorkgroupName", ""))
                user = self.server.identity.check(signature, operation, workgroup=workgroup)
            return 200, self.server.api.call(operation, request, user=user)
        except Refused as refusal:
            return 400, {"__type": refusal.code, **refusal.body}
        except Exception:  # noqa: BLE001 - else the caller would see a dropped connection
            _LOG.exception("%s failed", operation)
            return 500, {"__type": "InternalServerException", "Message": "see the log"}

    def _request(self) -> dict[str, Any]:
        """The call's parameters.

        Raises:
            Refused: the body is no JSON object, or nothing says how long it is.
        """
        length = self.headers.get("Content-Length", "0")
        if not re.fullmatch("[0-9]{1,9}", length):
            self.close_connection = True  # where the next call begins is not known
            raise Refused("SerializationException", "Content-Length is no number of bytes")
        try:
            request = json.loads(self.rfile.read(int(length)) or b"{}")
        except (ValueError, RecursionError) as problem:
            raise Refused("SerializationException", "the body is not JSON") from problem
        if not isinstance(request, dict):
            raise Refused("SerializationException", "the body is no JSON object")
        return request

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Log requests at level DEBUG, instead of printing them to standard error."""
        _LOG.debug(format, *args)
