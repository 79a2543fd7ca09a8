"""Runs the statements of loads by Snowflake's SQL API, as a user who logs in by a key pair."""

import base64
import hashlib
import json
import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from runtime.core.warehouse import staged_files
from runtime.core.warehouse.plan import StatementOutcome, StatementState
from runtime.core.warehouse.settings.snowflake import Account
from runtime.errors import Transient
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse import http
from runtime.stores.warehouse.http import Reply, Send
from runtime.stores.warehouse.waiting import Waiting

TOKEN_LIFE_S: Final = 3_000  # below the hour that Snowflake takes at most
STATEMENT_S: Final = 3_600  # after which Snowflake cancels a statement
_DONE, _RUNNING, _FAILED = 200, 202, 422
_GONE: Final = 404
# `COPY INTO stage (…) FROM (SELECT … FROM 's3://the list') …`, as the dialect writes it.
_COPY: Final = re.compile(r"(COPY INTO .* FROM )'s3://[^/']+/([^']+)'(.*)")
# The same token makes the same id, by which Snowflake knows a request that comes again.
_TOKENS: Final = uuid.UUID("b2ad4f07-9f6c-5d0e-8d8f-6f5b3c1a7e10")


class Stage(Protocol):
    """The folder of which the account has an external stage."""

    def put(self, key: str, body: bytes) -> None:
        """Store a file there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """One database of one account."""

    account: Account
    private_key: str = field(repr=False)  # PEM
    schema: str  # in which stages are made
    send: Send
    bucket: Bucket  # that has the staged files
    stage: Stage  # where Snowflake reads them
    now: Callable[[], float] = time.time  # epoch seconds
    waiting: Waiting = field(default_factory=Waiting)
    api: str = ""  # instead of the account's own host; empty for that

    def submit(self, statements: Sequence[str], *, name: str, token: str) -> str:
        """Start the statements as one request, once for each token; returns the request's handle.

        They run in one session, and the first that fails ends it: with it goes the transaction
        that they have begun. Stages are made and filled before it begins, because to make a table
        would commit it.
        """
        prepared = [
            f"USE SCHEMA {self.schema}",
            *(self._staged(each) for each in statements if _prepares(each)),
        ]
        rest = [each for each in statements if not _prepares(each)]
        statements = [*prepared, "BEGIN", *rest, "COMMIT"]
        request_id = str(uuid.uuid5(_TOKENS, token))
        # A request that comes again gets the handle of the first, whether it still runs or not.
        query = {"requestId": request_id, "retry": "true", "async": "true"}
        reply = self._post(statements, query, tag=name)
        if reply.status not in {_DONE, _RUNNING, _FAILED}:
            raise self._failure("submit a load", reply)
        handle = http.document(reply).get("statementHandle")
        if not isinstance(handle, str):
            raise self._failure("submit a load", reply)
        return handle

    def outcome(self, statement_id: str, *, wait_s: float) -> StatementOutcome:
        """How a request stands; waits up to `wait_s` seconds for its end."""
        return self.waiting.for_end(lambda: self._outcome(self._get(statement_id)), wait_s=wait_s)

    def run(self, statements: Sequence[str], *, wait_s: float) -> None:
        """Run statements that may be repeated to their end, in one transaction if they may be.

        Raises:
            Permanent: code `permission`.
            Transient: code `warehouse_failed`: they failed or took longer than `wait_s` seconds.
        """
        # Whatever makes or changes a table is a transaction by itself.
        defines = any(each.startswith(("CREATE ", "ALTER ")) for each in statements)
        whole = statements if defines else ["BEGIN", *statements, "COMMIT"]
        self._finished(self._post(whole, {}, tag="schema"), wait_s=wait_s)

    def query(self, sql: str, *, wait_s: float) -> list[dict[str, Any]]:
        """The rows of one SELECT, by column in lower case.

        Raises:
            Permanent: code `permission`.
            Transient: code `warehouse_failed`: it failed or took longer than `wait_s` seconds.
        """
        answer = self._finished(self._post([sql], {}, tag="question"), wait_s=wait_s)
        described = answer["resultSetMetaData"]
        if len(described.get("partitionInfo", ())) > 1:
            raise Transient("the answer is not complete", code="warehouse_failed")
        columns = described["rowType"]
        return [
            {
                column["name"].lower(): _value(column, raw)
                for column, raw in zip(columns, row, strict=True)
            }
            for row in answer["data"]
        ]

    def _staged(self, statement: str) -> str:
        """The statement with the files that it names where Snowflake reads them."""
        copy = _COPY.fullmatch(statement)
        if copy is None:
            return statement
        before, list_key, after = copy.groups()
        (staged,) = staged_files.read(self.bucket.get(list_key))
        key = staged.uri.removeprefix(f"s3://{self.bucket.name}/")
        self.stage.put(key, self.bucket.get(key))
        return f"{before}@{self.account.stage}/{key}{after}"

    def _finished(self, reply: Reply, *, wait_s: float) -> Mapping[str, Any]:
        """The answer of a request at its end."""
        if reply.status == _RUNNING:
            handle = str(http.document(reply).get("statementHandle", ""))
            self.outcome(handle, wait_s=wait_s)
            reply = self._get(handle)
        if reply.status != _DONE:
            raise self._failure("run statements", reply)
        return http.document(reply)

    def _outcome(self, reply: Reply) -> StatementOutcome:
        match reply.status:
            case 200:
                return StatementOutcome(state=StatementState.FINISHED)
            case 202:
                return StatementOutcome(state=StatementState.RUNNING)
            case 422:
                return StatementOutcome(state=StatementState.FAILED, error=_words(reply))
            case 404:
                return StatementOutcome(state=StatementState.LOST, error="unknown statement")
            case _:
                raise self._failure("ask for a statement", reply)

    def _post(self, statements: Sequence[str], query: Mapping[str, str], *, tag: str) -> Reply:
        body = {
            "statement": ";\n".join(statements),
            "timeout": STATEMENT_S,
            "database": self.account.database,
            "warehouse": self.account.warehouse,
            "role": self.account.role,
            "parameters": {
                "MULTI_STATEMENT_COUNT": str(len(statements)),
                "QUERY_TAG": f"penstock {tag}",
                "TIMEZONE": "UTC",
            },
        }
        path = f"/api/v2/statements?{urlencode(query)}" if query else "/api/v2/statements"
        return self._call("POST", path, json.dumps(body).encode())

    def _get(self, handle: str) -> Reply:
        return self._call("GET", f"/api/v2/statements/{handle}")

    def _call(self, method: str, path: str, body: bytes = b"") -> Reply:
        return self.send(
            method,
            f"{self.api or f'https://{self.account.host}'}{path}",
            headers=[
                ("authorization", f"Bearer {self._token()}"),
                ("x-snowflake-authorization-token-type", "KEYPAIR_JWT"),
                ("accept", "application/json"),
                ("content-type", "application/json"),
            ],
            body=body,
        )

    def _token(self) -> str:
        now = int(self.now())
        claims = {
            "iss": f"{self.account.issuer}.{_fingerprint(self.private_key)}",
            "sub": self.account.issuer,
            "iat": now,
            "exp": now + TOKEN_LIFE_S,
        }
        return http.signed_token(claims, private_key=self.private_key)

    def _failure(self, what: str, reply: Reply) -> Exception:
        return http.failure(what, reply, words=_words(reply))


def _prepares(statement: str) -> bool:
    return statement.startswith(("CREATE TEMPORARY TABLE ", "COPY INTO "))


def _fingerprint(private_key: str) -> str:
    """The public half of a key, as Snowflake's DESCRIBE USER shows it."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = http.rsa_key(private_key).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()


def _words(reply: Reply) -> str:
    answer = http.document(reply)
    return f"{answer.get('code', '')} {answer.get('message', '')}".strip()


def _value(column: Mapping[str, Any], raw: Any) -> Any:
    if raw is None:
        return None
    match column["type"]:
        case "fixed" if not column.get("scale"):
            return int(raw)
        case "boolean":
            return raw == "true"
        case _:
            return raw
