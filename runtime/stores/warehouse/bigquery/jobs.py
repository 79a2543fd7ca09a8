"""BigQuery's jobs over its REST API: a job's id is ours, so asking for it twice makes one."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from runtime.core.warehouse.settings.bigquery import Project
from runtime.errors import Transient
from runtime.stores.warehouse import http
from runtime.stores.warehouse.http import Reply, Send

API: Final = "https://bigquery.googleapis.com"
TOKEN_LIFE_S: Final = 3600  # the longest that Google takes
QUERY_WAIT_MS: Final = 60_000  # of one answer; a longer query is asked for again
MAX_ROWS: Final = 10_000  # of one answer
_EXISTS: Final = 409
_GONE: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """The jobs of one project, as one service account."""

    project: Project
    private_key: str = field(repr=False)  # PEM
    send: Send
    now: Callable[[], float] = time.time  # epoch seconds
    api: str = API

    def load(self, job_id: str, file: Path, *, table: Mapping[str, str]) -> None:
        """Begin to load a Parquet file into a table, in the place of what it holds.

        Raises:
            Permanent: code `permission`.
            Transient: the service did not take it.
        """
        configuration = {
            "load": {
                "destinationTable": {"projectId": self.project.id, **table},
                "sourceFormat": "PARQUET",
                "writeDisposition": "WRITE_TRUNCATE",
                "createDisposition": "CREATE_IF_NEEDED",
            }
        }
        begun = self._call(
            "POST",
            f"/upload/bigquery/v2/projects/{self.project.id}/jobs?uploadType=resumable",
            self._job(job_id, configuration),
            headers=[("x-upload-content-type", "application/octet-stream")],
        )
        if begun.status == _EXISTS:
            return
        (place,) = self._checked("begin an upload", begun).header_values("location")
        sent = self.send("PUT", place, headers=[self._authorization()], body=file.read_bytes())
        if sent.status != _EXISTS:
            self._checked("upload", sent)

    def query(self, job_id: str, script: str, *, dataset: str | None = None) -> None:
        """Begin to run a script.

        Raises:
            Permanent: code `permission`.
            Transient: the service did not take it.
        """
        query: dict[str, Any] = {"query": script, "useLegacySql": False}
        if dataset is not None:
            query["defaultDataset"] = {"projectId": self.project.id, "datasetId": dataset}
        path = f"/bigquery/v2/projects/{self.project.id}/jobs"
        begun = self._call("POST", path, self._job(job_id, {"query": query}))
        if begun.status != _EXISTS:
            self._checked("begin a query", begun)

    def find(self, job_id: str) -> Mapping[str, Any] | None:
        """The status of a job; None if there is none with this id.

        Raises:
            Permanent: code `permission`.
            Transient: the service did not answer.
        """
        where = quote(self.project.location)
        path = f"/bigquery/v2/projects/{self.project.id}/jobs/{job_id}?location={where}"
        reply = self._call("GET", path)
        if reply.status == _GONE:
            return None
        status = http.document(self._checked("find a job", reply)).get("status")
        return status if isinstance(status, dict) else {}

    def ask(self, sql: str) -> list[dict[str, Any]]:
        """The rows of one SELECT, by column.

        Raises:
            Permanent: code `permission`.
            Transient: it failed, or took too long.
        """
        path = f"/bigquery/v2/projects/{self.project.id}/queries"
        body = {
            "query": sql,
            "useLegacySql": False,
            "timeoutMs": QUERY_WAIT_MS,
            "maxResults": MAX_ROWS,
            "location": self.project.location,
        }
        answer = http.document(self._checked("query", self._call("POST", path, body)))
        if not answer.get("jobComplete") or answer.get("pageToken"):
            raise Transient("the answer is not complete", code="warehouse_failed")
        columns = answer["schema"]["fields"]
        return [
            {
                column["name"]: _value(column["type"], cell["v"])
                for column, cell in zip(columns, row["f"], strict=True)
            }
            for row in answer.get("rows", [])
        ]

    def _job(self, job_id: str, configuration: Mapping[str, Any]) -> dict[str, Any]:
        reference = {
            "projectId": self.project.id,
            "jobId": job_id,
            "location": self.project.location,
        }
        return {"jobReference": reference, "configuration": configuration}

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        headers: list[tuple[str, str]] | None = None,
    ) -> Reply:
        json_type = [("content-type", "application/json")] if body is not None else []
        return self.send(
            method,
            f"{self.api}{path}",
            headers=[self._authorization(), *json_type, *(headers or [])],
            body=b"" if body is None else json.dumps(body).encode(),
        )

    def _authorization(self) -> tuple[str, str]:
        """A token that the account signs itself, which spares the exchange for another."""
        now = int(self.now())
        claims = {
            "iss": self.project.account,
            "sub": self.project.account,
            "aud": f"{API}/",
            "iat": now,
            "exp": now + TOKEN_LIFE_S,
        }
        token = http.signed_token(claims, private_key=self.private_key, key_id=self.project.key_id)
        return ("authorization", f"Bearer {token}")

    def _checked(self, what: str, reply: Reply) -> Reply:
        if reply.status // 100 == 2:  # noqa: PLR2004 - HTTP's own class
            return reply
        error = http.document(reply).get("error")
        words = error.get("message", "") if isinstance(error, dict) else ""
        raise http.failure(what, reply, words=str(words))


def _value(kind: str, raw: Any) -> Any:
    match kind:
        case _ if raw is None:
            return None
        case "INTEGER" | "INT64":
            return int(raw)
        case "BOOLEAN" | "BOOL":
            return raw == "true"
        case _:
            return raw
