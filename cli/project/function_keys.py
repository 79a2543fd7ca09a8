"""Every key of a function in a project's file; see `cli.project.keys`."""

from dataclasses import fields
from typing import Final

from cli.project.key import FROM_ENVIRONMENT, REQUIRED, Key
from runtime.core.functions.function import Limits, RetryPolicy

FUNCTION: Final = (
    Key(
        name="name",
        kind="text",
        left_out="the file's name; of `function.py` the folder's",
        meaning="what the function is called in the tenant",
    ),
    Key(
        name="topics",
        kind="list of texts",
        left_out="the triggers stay as they are",
        meaning='topics that trigger it, exact or as `"message.email.*"`; `[]` for a transform',
    ),
    Key(
        name="filter",
        kind="table",
        left_out="every event of the topics",
        meaning="an EventBridge event pattern over the envelope, beside `topics`",
    ),
    Key(
        name="triggers",
        kind="list of tables",
        left_out="the triggers stay as they are",
        meaning="several triggers, instead of `topics` and `filter`",
    ),
    Key(
        name="http_hosts",
        kind="list of texts",
        left_out="the hosts stay as they are; none for a new function",
        meaning='hosts that `context.http` may call; `"*"` is any',
    ),
    Key(
        name="environment",
        kind="table of texts",
        left_out="stays as it is",
        meaning="what the code sees as `os.environ` on engine `wasm`; no place for a secret",
    ),
    Key(
        name="secrets",
        kind=f"list of texts, or table of `{FROM_ENVIRONMENT}`",
        left_out="stays as it is",
        meaning="names of secrets that it may use; `penstock functions secrets set` sets values. Of"
        " a table, `apply` sets each that has no value",
    ),
    Key(name="limits", kind="table", left_out="stays as it is", meaning="what one run may use"),
    Key(
        name="retry",
        kind="table",
        left_out="stays as it is",
        meaning="whether and when a run that failed is tried again",
    ),
    Key(
        name="engine",
        kind='`"wasm"` or `"restricted"`',
        left_out="the installation decides",
        meaning="what runs the versions that are pushed from now on",
    ),
    Key(
        name="source",
        kind="text",
        left_out="`apply` leaves the function to `functions push`",
        meaning="the file of its code, from the folder of this file. `apply` pushes it, and what is"
        " left out of this table has the default of a new function",
    ),
    Key(
        name="publish",
        kind="boolean",
        left_out="`true`",
        meaning="beside `source`: whether what `apply` has pushed goes live. `false` leaves that to"
        " a canary or a person",
    ),
    Key(
        name="enabled",
        kind="boolean",
        left_out="a new function is enabled; an existing one stays as it is",
        meaning="beside `source`: `false` switches it off, and its events are recorded as skipped",
    ),
)
TRIGGER: Final = (
    Key(name="topics", kind="list of texts", left_out=REQUIRED, meaning="as in the table above"),
    Key(name="filter", kind="table", left_out="every event", meaning="as in the table above"),
)
_UNITS: Final = {
    "wall_s": ("number of seconds", "by the clock"),
    "memory_mb": ("whole number of MiB", "memory"),
    "result_bytes": ("whole number of bytes", "of the returned value as JSON"),
    "http_calls": ("whole number", "calls by `context.http`"),
    "emits": ("whole number", "events that the run may emit"),
    "log_bytes": ("whole number of bytes", "of what it logs"),
    "concurrent_runs": ("whole number", "runs of the whole function at the same time"),
}
LIMITS: Final = tuple(
    Key(
        name=limit.name,
        kind=_UNITS[limit.name][0],
        left_out=f"{limit.default:,}",
        meaning=f"{_UNITS[limit.name][1]}; the platform's cap is what holds when it is left out",
    )
    for limit in fields(Limits)
)
RETRY: Final = (
    Key(
        name="on",
        kind='`"never"` or `"on_error"`',
        left_out=f'`"{RetryPolicy().on}"`',
        meaning="which failures of the code itself lead to another attempt",
    ),
    Key(
        name="attempts",
        kind="whole number",
        left_out=f"{RetryPolicy().attempts}",
        meaning="of one run in all, the first included",
    ),
    Key(
        name="delays_s",
        kind="list of whole seconds",
        left_out="the default schedule",
        meaning="after the first, second, … attempt; the last one repeats",
    ),
)
