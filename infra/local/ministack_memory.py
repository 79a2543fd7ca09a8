"""Lets ministack's memory write itself to the journal, and fills it from there at the next start.

What the template deploys (roles, functions, rules, keys, the settings of tables, queues and
buckets) changes seldom: ministack saves it to JSON files when it ends, and `save` does when
somebody asks, which the local cloud does after the deployment. Their contents go to the journal:
items of tables, changes in their streams and how far these are read, messages of queues, objects of
buckets. Loaded by ministack_main.py by its path; it imports nothing of ours.
"""

import asyncio
import copy
import importlib
import json
import logging
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

SAVE: Final = "/_penstock/save"  # POST asks for `save`
RETRY_S: Final = 1.0  # until a journal that could not be written is tried again
ITEM, CHANGE, POSITION = "item", "change", "position"  # kinds of what the journal keeps
_LOG: Final = logging.getLogger("penstock.memory")


def _module(name: str) -> Any:
    return importlib.import_module(f"ministack.{name}")


@dataclass(kw_only=True)
class Memory:
    """What ministack knows, and the journal."""

    journal: Any  # a `Journal`
    stores: Any  # the module `ministack_stores`
    folder: Path  # with the JSON files
    _loop: Any = field(default=None)  # the one that answers requests; None before the first

    def attach(self) -> None:
        """Let ministack load from the journal when it starts, and write to it from then on."""
        app = _module("app")
        load_rest = app._load_persisted_state

        def load() -> None:
            self._loop = asyncio.get_running_loop()
            self.journal.wake = self._wake
            functions = _module("services.lambda_svc")
            start_polling = functions._ensure_poller
            functions._ensure_poller = lambda: None  # nobody takes messages before all are there
            try:
                load_rest()
                self._load()
            finally:
                functions._ensure_poller = start_polling
            self._watch()
            if functions._esms.has_any():
                start_polling()

        app._load_persisted_state = load
        app.save_all = lambda _services: self.save()
        _module("services.dynamodb").get_state = _without_items(_module("services.dynamodb"))
        _module("services.sqs").get_state = _queues_without_messages

    def save(self) -> None:
        """Write all that does not go to the journal to its JSON files.

        Raises:
            OSError: a file cannot be written; those that have been are whole.
            sqlite3.Error: the journal cannot be written.
        """
        persistence = _module("core.persistence")
        self.journal.flush()
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, state_of in _module("app")._build_persistence_save_dict().items():
            state = state_of()
            if state is None:  # the service has not been loaded
                continue
            version = persistence._state_format_version(name)
            text = json.dumps(
                {"__ministack_format__": version, "payload": state},
                default=persistence._json_default,
            )
            new_file = self.folder / f"{name}.json.new"
            new_file.write_text(text, encoding="utf-8")
            new_file.replace(self.folder / f"{name}.json")

    def _wake(self) -> None:
        if not self._loop.is_closed():  # as it is at the end, when `save` has written all
            self._loop.call_soon_threadsafe(self._flush)

    def _flush(self) -> None:
        # On the loop that answers requests, so that no request is half done meanwhile.
        try:
            self.journal.flush()
        except sqlite3.Error as problem:
            _LOG.error("%s cannot be written: %s", self.journal.file, problem)
            self._loop.call_later(RETRY_S, self._flush)

    def _load(self) -> None:
        self._load_items()
        self._load_changes()
        functions = _module("services.lambda_svc")
        for place, _, position in self.journal.kept(POSITION):
            functions._dynamodb_stream_positions._data[self.stores.scoped_of(place)] = position
        for place, _, message in self.journal.kept(self.stores.MESSAGE):
            queue = _module("services.sqs")._queues._data.get(self.stores.scoped_of(place))
            if queue is not None:
                queue["messages"].append(_waiting(message))
        for place, key, stored in self.journal.kept(self.stores.OBJECT):
            bucket = _module("services.s3")._buckets._data.get(self.stores.scoped_of(place))
            if bucket is not None:
                bucket["objects"][key] = stored

    def _load_items(self) -> None:
        tables = _tables()
        for arn, key, item in self.journal.kept(ITEM):
            if arn in tables:
                partition, sort = json.loads(key)
                tables[arn][1]["items"].setdefault(partition, {})[sort] = item
        for _, table in tables.values():
            _module("services.dynamodb")._items_replaced(table)

    def _load_changes(self) -> None:
        database, tables = _module("services.dynamodb"), _tables()
        oldest = time.time() - database._STREAM_RETENTION_SECONDS
        changes: defaultdict[str, list[tuple[int, Any]]] = defaultdict(list)
        for arn, position, change in self.journal.kept(CHANGE):
            changes[arn].append((int(position), change))
        for arn in tables.keys() & changes.keys():
            scoped, _ = tables[arn]
            ordered = sorted(changes[arn], key=lambda each: each[0])
            # The last one stays, however old it is: the next one's number follows it.
            for position, change in ordered[:-1]:
                if database._record_age_cutoff(change, oldest):
                    self.journal.drop((CHANGE, arn, str(position)))
            database._stream_records._data[scoped] = [change for _, change in ordered]
            database._stream_trimmed._data[scoped] = ordered[0][0]

    def _watch(self) -> None:
        self._watch_items()
        self._watch_changes()
        self._watch_queues()
        buckets, functions = _module("services.s3"), _module("services.lambda_svc")
        buckets._buckets = self.stores.watched(
            buckets._buckets, self._bucket, self._forget(self.stores.OBJECT)
        )
        functions._dynamodb_stream_positions = self.stores.watched(
            functions._dynamodb_stream_positions, self._position, self._forget(POSITION)
        )

    def _watch_items(self) -> None:
        database = _module("services.dynamodb")
        store, remove = database._set_item, database._remove_item
        replace = database._items_replaced

        def store_kept(table: Any, partition: Any, sort: Any, item: Any) -> Any:
            self.journal.put(_entry(table, partition, sort), item)
            return store(table, partition, sort, item)

        def remove_kept(table: Any, partition: Any, sort: Any) -> Any:
            self.journal.drop(_entry(table, partition, sort))
            return remove(table, partition, sort)

        def replace_kept(table: Any) -> None:
            replace(table)
            self.journal.forget(ITEM, table["TableArn"])
            for partition, items in table["items"].items():
                for sort, item in items.items():
                    self.journal.put(_entry(table, partition, sort), item)

        database._set_item, database._remove_item = store_kept, remove_kept
        database._items_replaced = replace_kept
        database._tables = self.stores.watched(
            database._tables, lambda _place, table: table, self._forget_table
        )

    def _forget_table(self, _place: str, table: Any) -> None:
        for kind in (ITEM, CHANGE):
            self.journal.forget(kind, table["TableArn"])

    def _watch_changes(self) -> None:
        database = _module("services.dynamodb")
        emit = database._emit_stream_event

        def emit_kept(name: str, *arguments: Any, **options: Any) -> None:
            before = database.stream_end_position(name)
            emit(name, *arguments, **options)
            new = database.stream_end_position(name) - before
            for offset, change in enumerate(
                database._live_stream_records(name)[-new:] if new else ()
            ):
                entry = (CHANGE, database._tables[name]["TableArn"], str(before + offset))
                self.journal.put(entry, change)

        database._emit_stream_event = emit_kept

    def _watch_queues(self) -> None:
        queues = _module("services.sqs")
        queues._queues = self.stores.watched(
            queues._queues, self._queue, self._forget(self.stores.MESSAGE)
        )
        collect = queues._collect_msgs

        def collect_kept(queue: Any, *arguments: Any) -> Any:
            received = collect(queue, *arguments)
            for message in received:
                queue.keep(message)  # how often it was received counts
            return received

        queues._collect_msgs = collect_kept

    def _queue(self, place: str, queue: Mapping[str, Any]) -> Any:
        return self.stores.Queue(queue, self.journal, place)

    def _bucket(self, place: str, bucket: Any) -> Any:
        bucket["objects"] = self.stores.Objects(bucket["objects"], self.journal, place)
        return bucket

    def _position(self, place: str, position: int) -> int:
        self.journal.put((POSITION, place, ""), position)
        return position

    def _forget(self, kind: str) -> Callable[[str, Any], None]:
        return lambda place, _value: self.journal.forget(kind, place)


def _tables() -> dict[str, tuple[tuple[str, ...], Any]]:
    """Each table and its key in ministack's store, by its ARN."""
    stored = _module("services.dynamodb")._tables._data
    return {table["TableArn"]: (scoped, table) for scoped, table in stored.items()}


def _entry(table: Mapping[str, Any], partition: Any, sort: Any) -> tuple[str, str, str]:
    return ITEM, str(table["TableArn"]), json.dumps([partition, sort])


def _waiting(message: dict[str, Any]) -> dict[str, Any]:
    """A message that nobody holds: whoever had received it was a process of this cloud, too."""
    if message["receive_count"]:
        message["visible_at"] = message["sent_at"]
    return message


def _without_items(database: Any) -> Callable[[], Any]:
    """What gives the state of ministack's tables without their items."""
    state_of = database.get_state

    def state_without_items() -> Any:
        tables = database._tables
        database._tables = _module("core.responses").AccountRegionScopedDict()
        for scoped, table in tables._data.items():
            database._tables._data[scoped] = {**table, "items": {}}
        try:
            return state_of()
        finally:
            database._tables = tables

    return state_without_items


def _queues_without_messages() -> Any:
    """The state of ministack's queues without their messages."""
    queues, bare = _module("services.sqs"), _module("core.responses").AccountRegionScopedDict()
    for scoped, queue in queues._queues._data.items():
        bare._data[scoped] = copy.deepcopy({**queue, "messages": []})
    return {"queues": bare, "queue_name_to_url": copy.deepcopy(queues._queue_name_to_url)}


class Saving:
    """The application, which also saves when it is asked to."""

    def __init__(self, app: Any, memory: Memory) -> None:
        self.app = app
        self.memory = memory

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if (scope["type"], scope.get("method"), scope.get("path")) != ("http", "POST", SAVE):
            await self.app(scope, receive, send)
            return
        status, text = 200, b""
        try:
            self.memory.save()
        except (OSError, sqlite3.Error) as problem:
            status, text = 507, str(problem).encode()  # Insufficient Storage
        headers = [(b"content-length", b"%d" % len(text))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text, "more_body": False})
