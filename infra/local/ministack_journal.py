"""Keeps what changes from call to call in a file, before anybody hears that it has changed.

Ministack keeps all in memory, and saves it when it is told to end. Whoever is killed saves nothing,
so each change of an item, a message, an object or a position is written here first. It is one
SQLite database. What a process has written there outlives it; a power cut may take the last
changes, but leaves a whole earlier state. Loaded by ministack_main.py by its path; it imports
nothing of ours.
"""

import json
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Entry = tuple[str, str, str]  # kind, place, key
GONE: Final = object()
UNAVAILABLE: Final = 503  # AWS's clients try again after it
# SQLite's log of changes: a header, then frames of a page each. The header and each frame that
# belongs to the log have the same salt; frames of an older log, which it overwrites, have another.
_HEADER_BYTES: Final = 32
_FRAME_HEADER_BYTES: Final = 24
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS kept (
    number INTEGER PRIMARY KEY, kind TEXT, place TEXT, key TEXT, value TEXT, body BLOB,
    UNIQUE (kind, place, key)
)
"""
# What is kept anew keeps its number, so that a queue's messages come back in their order.
_PUT: Final = """
INSERT INTO kept (kind, place, key, value, body) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (kind, place, key) DO UPDATE SET value = excluded.value, body = excluded.body
"""
_DROP: Final = "DELETE FROM kept WHERE kind = ? AND place = ? AND key = ?"


@dataclass(kw_only=True)
class Journal:
    """The file, and the changes that are not in it yet."""

    file: Path
    wake: Callable[[], None] = lambda: (
        None
    )  # called when there is something to write, by any thread
    _pending: dict[Entry, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)  # of `_pending`

    def __post_init__(self) -> None:
        """Open the file, which is made when there is none."""
        self._database = sqlite3.connect(
            self.file, isolation_level=None, check_same_thread=False, timeout=0
        )
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self.torn_bytes = self._torn_bytes()
        self._database.execute(_TABLE)

    def put(self, entry: Entry, value: Any) -> None:
        """Keep a value. It is read when it is written, so changes until then are kept with it."""
        with self._lock:
            is_first = not self._pending
            self._pending[entry] = value
        if is_first:
            self.wake()

    def drop(self, entry: Entry) -> None:
        """Keep it no longer."""
        self.put(entry, GONE)

    def flush(self) -> None:
        """Write all that is pending, or nothing of it.

        Raises:
            sqlite3.Error: it cannot be written, for example because the disk is full. It stays
                pending.
        """
        with self._lock:
            pending, self._pending = self._pending, {}
        if not pending:
            return
        try:
            self._write(pending)
        except BaseException:  # whatever it was, what is not written stays pending
            with self._lock:
                self._pending = {**pending, **self._pending}
            raise

    def _write(self, pending: Mapping[Entry, Any]) -> None:
        puts = [(*entry, *encoded(value)) for entry, value in pending.items() if value is not GONE]
        drops = [entry for entry, value in pending.items() if value is GONE]
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany(_PUT, puts)
            self._database.executemany(_DROP, drops)
            self._database.execute("COMMIT")
        except BaseException:  # whatever it was, half a change is none
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def _torn_bytes(self) -> int:
        """How much there is of a last change that is not whole, as after a power cut.

        It is not read, so it is as if it had not been made.
        """
        [_, frames, _] = self._database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        log = self.file.with_name(f"{self.file.name}-wal")
        if not log.exists():
            return 0
        with log.open("rb") as changes:
            header = changes.read(_HEADER_BYTES)
            if len(header) < _HEADER_BYTES:
                return len(header)
            end = _HEADER_BYTES + frames * (_FRAME_HEADER_BYTES + int.from_bytes(header[8:12]))
            changes.seek(end)
            salt = changes.read(_FRAME_HEADER_BYTES)[8:16]
        return log.stat().st_size - end if header[16:24].startswith(salt) else 0

    def forget(self, kind: str, place: str) -> None:
        """Drop all of a place, such as a table that is deleted."""
        query = "SELECT key FROM kept WHERE kind = ? AND place = ?"
        keys = {key for [key] in self._database.execute(query, (kind, place))}
        with self._lock:
            keys |= {key for *rest, key in self._pending if rest == [kind, place]}
        for key in keys:
            self.drop((kind, place, key))

    def kept(self, kind: str) -> Iterator[tuple[str, str, Any]]:
        """Place, key and value of all of a kind, the oldest first."""
        query = "SELECT place, key, value, body FROM kept WHERE kind = ? ORDER BY number"
        for place, key, text, body in self._database.execute(query, (kind,)):
            value = json.loads(text)
            yield place, key, value if body is None else {**value, "body": body}

    def close(self) -> None:
        """Close the file, so that another may have it."""
        self._database.close()


def encoded(value: Any) -> tuple[str, bytes | None]:
    """A value as text, and the bytes of its body; None when its body is no bytes."""
    if not isinstance(value, dict):
        return json.dumps(value), None
    fields = dict(value)  # a copy, because another thread may add a field to a message meanwhile
    is_object = isinstance(fields.get("body"), bytes)
    body = fields.pop("body") if is_object else None
    return json.dumps(fields), body


@dataclass(frozen=True, kw_only=True)
class Durable:
    """The application; it says that it has done something only when the journal has it."""

    app: App
    journal: Journal
    note: Callable[[str], None]  # told when the journal cannot be written

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refused = False

        async def send_kept(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start":
                refused = not self._is_written()
                if refused:
                    await _refuse(send)
            if not refused:
                await send(message)

        await self.app(scope, receive, send_kept)

    def _is_written(self) -> bool:
        try:
            self.journal.flush()
        except sqlite3.Error as problem:
            self.note(f"{self.journal.file} cannot be written: {problem}")
            return False
        return True


# What a client of AWS reads, and what a client of our API does: one of them is asking.
_REFUSAL: Final = {
    "__type": "ServiceUnavailable",
    "message": "the local cloud cannot write its journal; is the disk full?",
    "type": "about:blank",
    "title": "Service Unavailable",
    "status": UNAVAILABLE,
    "code": "journal_not_written",
    "detail": "the local cloud cannot write its journal; is the disk full?",
}


async def _refuse(send: Send) -> None:
    body = json.dumps(_REFUSAL).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": UNAVAILABLE, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
