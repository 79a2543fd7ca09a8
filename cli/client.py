"""The HTTP API, as the commands call it."""

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote

import typer

from cli import _connection
from cli._connection import Connection
from cli._errors import CommandFailed, WrongUsage
from runtime import races

# At run time httpx is imported with the first call: it takes longer than the rest of a command.
if TYPE_CHECKING:
    import httpx

TIMEOUT_S: Final = 35  # the API function's own is 30
TRIES: Final = 3
FIRST_WAIT_S: Final = 0.5
MAX_WAIT_S: Final = 10.0
MAX_PAGE: Final = 200
# Members of a problem document that `--json` shows.
DETAILS: Final = (
    "status",
    "field",
    "errors",
    "findings",
    "rejected",
    "webhooks",
    "etag",
    "instance",
)
IfMatch = Annotated[
    str | None, typer.Option(help="Only if it has this ETag still: the `etag` that --json shows.")
]
_TRY_AGAIN: Final = frozenset({429, 502, 503, 504})


class Client:
    """One API with one key. After a passing fault a call is tried again, and does nothing twice.

    Every call raises CommandFailed when the API refuses it, or does not answer. Those that change
    something take `if_match`: an ETag, without which the API changes nothing.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        transport: "httpx.BaseTransport | None" = None,
        wait: Callable[[float], object] = races.wait,
        timeout_s: float = TIMEOUT_S,
        tries: int = TRIES,
    ) -> None:
        import httpx

        self._connection = connection
        self._wait = wait
        self._tries = tries
        self._http = httpx.Client(
            base_url=connection.url,
            headers={"authorization": f"Bearer {connection.key}"},
            timeout=timeout_s,
            transport=transport,
            trust_env=False,  # a proxy would see the key
        )

    @property
    def key_sha256(self) -> str:
        """The hash by which a list of keys shows the one that this client calls with."""
        from runtime.core.tenancy import api_key  # deferred: few commands ask

        return api_key.digest(self._connection.key)

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """The JSON at this path; parameters that are None are left out."""
        parameters = {name: value for name, value in (query or {}).items() if value is not None}
        return self._call("GET", path, params=parameters)

    def post(self, path: str, body: Any = None, *, if_match: str | None = None) -> Any:
        """Make or start something; with an ETag, only if the thing still has this one.

        When an answer is lost, the API gives it again and acts once.
        """
        headers = {"idempotency-key": uuid.uuid4().hex, **_condition(if_match)}
        json_body = _sendable({} if body is None else body)
        return self._call("POST", path, json=json_body, headers=headers)

    def put(self, path: str, body: Any, *, if_match: str | None = None) -> Any:
        """Set something."""
        return self._call("PUT", path, json=_sendable(body), headers=_condition(if_match))

    def patch(self, path: str, body: Any, *, if_match: str | None = None) -> Any:
        """Change something."""
        return self._call("PATCH", path, json=_sendable(body), headers=_condition(if_match))

    def delete(
        self, path: str, query: Mapping[str, Any] | None = None, *, if_match: str | None = None
    ) -> Any:
        """Delete something; returns what the API answers, None if it answers nothing."""
        return self._call("DELETE", path, params=query, headers=_condition(if_match))

    def each(
        self, path: str, query: Mapping[str, Any] | None = None, *, limit: int
    ) -> Iterator[Any]:
        """Up to `limit` items of a listing, fetched page by page as they are needed."""
        cursor = None
        while limit > 0:
            size = min(limit, MAX_PAGE)
            page = self.get(path, {**(query or {}), "cursor": cursor, "limit": size})
            yield from page["data"]
            limit -= len(page["data"])
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _call(self, method: str, path: str, **request: Any) -> Any:
        import httpx

        wait_s = FIRST_WAIT_S
        for tries_left in reversed(range(self._tries)):
            try:
                response = self._http.request(method, path, **request)
            except httpx.TransportError as problem:
                if not tries_left:
                    raise self._unreachable(problem) from problem
                pause_s = wait_s
            else:
                if response.status_code not in _TRY_AGAIN or not tries_left:
                    return _read(response)
                pause_s = max(wait_s, _asked_for_s(response))
            self._wait(pause_s)
            wait_s = min(2 * wait_s, MAX_WAIT_S)
        raise AssertionError("the last try returns or raises")

    def _unreachable(self, problem: "httpx.TransportError") -> CommandFailed:
        return CommandFailed(
            f"{self._connection.url} (from {self._connection.origin}) does not answer:"
            f" {type(problem).__name__}; is it running? `penstock doctor` looks into it",
            code="unreachable",
        )


def _sendable(body: Any) -> Any:
    """The body, if JSON can express it.

    Raises:
        WrongUsage: code `not_json`.
    """
    try:
        json.dumps(body, allow_nan=False, ensure_ascii=False).encode()
    except ValueError as problem:
        raise WrongUsage(
            f"an option or a file has a value that JSON cannot express: {problem}", code="not_json"
        ) from problem
    return body


def _condition(etag: str | None) -> dict[str, str]:
    """The header that makes a call depend on the thing's state; none without an ETag."""
    return {} if etag is None else {"if-match": f'"{_etag(etag)}"'}


def _etag(text: str) -> str:
    """An ETag without quotes; people copy it with and without.

    Raises:
        WrongUsage: code `bad_etag`: it is none.
    """
    etag = text.strip('"')
    if not re.fullmatch("[0-9a-f]{1,64}", etag):
        raise WrongUsage("an ETag is the `etag` that --json shows", code="bad_etag")
    return etag


def segment(name: str) -> str:
    """A name or an id as one segment of a path, whatever characters it has.

    Without this, `whk_1?x` would be the webhook `whk_1`, and `a/secrets/b` a secret.

    Raises:
        WrongUsage: code `empty_name`: nothing is there, as when a shell's variable is not set.
    """
    if not name:
        raise WrongUsage("a name or an id is empty", code="empty_name")
    escaped = quote(name, safe="")
    # httpx takes segments of dots alone for steps up and down a path.
    return escaped.replace(".", "%2E") if not escaped.strip(".") else escaped


def connect() -> Client:
    """A client for the API of this environment or folder.

    Raises:
        WrongUsage: code `no_connection` or `bad_key`: the settings of the API are missing or wrong.
    """
    return Client(_connection.find())


def _asked_for_s(response: "httpx.Response") -> float:
    """How many seconds the API asks to wait, `MAX_WAIT_S` at most; 0 if it does not say."""
    asked = response.headers.get("retry-after", "")
    return min(float(asked), MAX_WAIT_S) if asked.isascii() and asked.isdigit() else 0.0


def _read(response: "httpx.Response") -> Any:
    try:
        document = response.json() if response.content else None
    except ValueError as problem:
        raise CommandFailed(
            f"the API answered {response.status_code} with something that is not JSON;"
            " does the URL lead to Penstock?",
            code="not_penstock",
        ) from problem
    if response.is_success:
        return document
    problem_document = document if isinstance(document, dict) else {}
    raise CommandFailed(
        _sentence(problem_document, response.status_code),
        code=str(problem_document.get("code", "refused")),
        details={name: problem_document[name] for name in DETAILS if name in problem_document},
    )


def _sentence(document: Mapping[str, Any], status: int) -> str:
    """What is wrong, for people; each of several errors has a line of its own."""
    errors = document.get("errors") or []
    if len(errors) > 1:
        return "\n".join(_line(each.get("field"), each.get("message")) for each in errors)
    return _line(document.get("field"), document.get("detail") or f"the API answered {status}")


def _line(field: object, message: object) -> str:
    return f"{field}: {message}" if field else str(message)
