"""The API as a caller sees it: Function URL events into the real handler, on in-process AWS."""

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import api as api_function
from runtime import settings
from runtime.core.tenancy.scopes import SCOPES
from runtime.wiring.api import Api, build
from tests import api_contract
from tests.cloud import Cloud, in_process
from tests.doubles import ScriptedSandbox

_TENANTS = count(1)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The document."""
        return json.loads(self.text)


@dataclass(kw_only=True)
class ApiClient:
    """Calls the handler with one key; `newcomer` gives another tenant."""

    application: Api = field(repr=False)
    cloud: Cloud = field(repr=False)
    key: str | None = field(repr=False)
    tenant: str

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, its path as the gateway hands it on; a body that is no text goes as JSON.

        The answer is held against the OpenAPI document.
        """
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        given = {} if self.key is None else {"authorization": f"Bearer {self.key}"}
        event = a_url_event(
            method, path, body=text, query=query, headers={**given, **(headers or {})}
        )
        raw = api_function.handler(event, LambdaContext())
        sent = {**raw.get("headers", {})}
        answer = Answer(status=raw["statusCode"], headers=sent, text=raw.get("body") or "")
        api_contract.hold(
            method, path, status=answer.status, headers=answer.headers, text=answer.text
        )
        return answer

    def get(self, path: str, **query: Any) -> Answer:
        """GET."""
        return self.call("GET", path, query=query)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """POST; `idempotency_key="…"` and the like become headers."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return self.call("POST", path, body if body is not None else {}, headers=named)

    def newcomer(self) -> "ApiClient":
        """The same API with a key of a tenant that nobody has used before."""
        return self.as_tenant(f"t{next(_TENANTS)}")

    def as_tenant(self, tenant: str, *, scopes: tuple[str, ...] = SCOPES) -> "ApiClient":
        """The same API with a key of `tenant`."""
        _, key = self.application.tenancy.create_api_key.issue(tenant, name="test", scopes=scopes)
        return replace(self, key=key, tenant=tenant)

    def with_scopes(self, *scopes: str) -> "ApiClient":
        """The same tenant with a key of these scopes only."""
        return self.as_tenant(self.tenant, scopes=scopes)

    def with_key(self, key: str | None) -> "ApiClient":
        """The same API with another key, or none."""
        return replace(self, key=key)


class StandInSandbox:
    """Answers check jobs: each line with `forbidden` is an error, each with `unwise` a hint.

    Its installation is set to `wasm`.
    """

    def run(self, _tenant: str, job: Mapping[str, Any]) -> Mapping[str, Any]:
        """The findings."""
        lines = enumerate(job["source"].splitlines(), 1)
        severities = {"forbidden": "error", "unwise": "hint"}
        return {
            "v": 1,
            "engine": "wasm" if job["engine"] == "auto" else job["engine"],
            "findings": [
                {"line": n, "column": 0, "code": "refused", "message": "no", "hint": "do not"}
                | {"severity": severity}
                for n, line in lines
                for word, severity in severities.items()
                if word in line
            ],
        }


def look_up(host: str, _port: int) -> Sequence[str]:
    """Name servers for tests: every name is a public host but those that say otherwise."""
    if host.endswith(".invalid"):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    if host == "slow.example.com":
        raise TimeoutError
    return ["10.0.0.1"] if host.startswith("inside.") else ["93.184.216.34"]


def a_url_event(
    method: str,
    path: str,
    *,
    body: str | None = None,
    query: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What a Function URL hands to its Lambda."""
    given = {name: str(value) for name, value in (query or {}).items()}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": urlencode(given),
        "headers": {"host": "abc.lambda-url.eu-central-1.on.aws", **(headers or {})},
        "queryStringParameters": given,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abc",
            "domainName": "abc.lambda-url.eu-central-1.on.aws",
            "domainPrefix": "abc",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "tests",
            },
            "requestId": "request-1",
            "routeKey": "$default",
            "stage": "$default",
            "time": "20/Nov/2026:13:04:05 +0000",
            "timeEpoch": 1795179845123,
        },
        "body": body,
        "isBase64Encoded": False,
    }


@contextmanager
def running_api() -> Iterator[ApiClient]:
    """The API on in-process AWS, with the key of a tenant of its own."""
    with in_process() as cloud, pytest.MonkeyPatch.context() as patch:
        for name, value in environment(cloud).items():
            patch.setenv(f"PENSTOCK_{name}", value)
        application = build(settings.load(), look_up=look_up)
        # In-process Lambda runs no code, so the sandbox is stood in for.
        push = replace(application.functions.push, sandbox=StandInSandbox())
        dry_run = replace(application.functions.dry_run, sandbox=ScriptedSandbox())
        functions = replace(application.functions, push=push, dry_run=dry_run)
        application = replace(application, functions=functions)
        patch.setattr(api_function, "_application", lambda: application)
        yield ApiClient(application=application, cloud=cloud, key=None, tenant="").newcomer()


def environment(cloud: Cloud) -> dict[str, str]:
    """The variables without which the API does not start."""
    return {
        "CONFIG_TABLE": cloud.config.table.name,
        "DELIVERIES_TABLE": cloud.deliveries.table.name,
        "DELIVERY_LOG_TABLE": cloud.deliveries.log.table.name,
        "EVENTS_TABLE": cloud.events.table.name,
        "RUNS_TABLE": cloud.runs.table.name,
        "PROFILES_TABLE": cloud.profiles.table.name,
        "NAMES_TABLE": cloud.profiles.names.table.name,
        "TIMELINE_TABLE": cloud.timelines.table.name,
        "AUDIT_TABLE": cloud.audit.table.name,
        "JOBS_TABLE": cloud.jobs.table.name,
        "LEDGER_TABLE": cloud.table("ledger", sort="sk").name,
        "BUCKET": cloud.bucket.name,
        "BUS": cloud.bus.name,
        "DELIVER_QUEUE_URL": cloud.queue_url("deliver"),
        "RUN_QUEUE_URL": cloud.queue_url("run"),
        "KMS_KEY_ID": cloud.secrets.key_id,
        "SANDBOX_FUNCTION": "sandbox",
        "SYNC_QUEUE_URL": cloud.queue_url("sync"),
        **cloud.watched_queues,  # of the sweep, which tests run beside the API
        "JOBS_FUNCTION": "jobs",
        "API_CALLS_PER_S": "10000",  # tests call as fast as they can
    }
