"""The HTTP API as any customer would call it: a key, JSON, and problems that say what is wrong."""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

import httpx

PAGE: Final = 100
TIMEOUT_S: Final = 30


class ApiRefused(Exception):
    """The API answered with a problem document, whose code and sentence this carries."""


class Api:
    """One tenant's door. Usable as a context manager; connections end with it."""

    def __init__(self, url: str, *, key: str) -> None:
        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            headers={"authorization": f"Bearer {key}"},
            timeout=TIMEOUT_S,
            trust_env=False,  # loopback never goes by a proxy
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def get(self, path: str, **query: str | int) -> Any:
        """The document at a path.

        Raises:
            ApiRefused: the answer is a problem.
        """
        return self._json(self._http.get(path, params=query))

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer to a change; None when it has no body.

        Raises:
            ApiRefused: the answer is a problem.
        """
        return self._json(self._http.request(method, path, json=body))

    def each(self, path: str, **query: str | int) -> Iterator[dict[str, Any]]:
        """Every item of a list, page after page."""
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, limit=PAGE, **query, **cursor)
            yield from page["data"]
            if not page.get("next_cursor"):
                return
            cursor = {"cursor": page["next_cursor"]}

    def _json(self, answer: httpx.Response) -> Any:
        if answer.is_success:
            return answer.json() if answer.content else None
        request = answer.request
        raise ApiRefused(
            f"{request.method} {request.url.path}: {answer.status_code} {answer.text[:500]}"
        )
