"""The settings of a function. Nothing else in the product reads its environment.

The template gives each function only the variables that it needs. To ask for another is a fault of
the template, and raises SettingMissing with the variable's name.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from runtime.errors import Permanent

PREFIX: Final = "PENSTOCK_"
DEFAULT_QUEUE_DELAY_MAX_S: Final = 900  # SQS's own limit on DelaySeconds
DEFAULT_RETENTION_DAYS: Final = 30
DEFAULT_AUDIT_RETENTION_DAYS: Final = 400  # a year of audits, and time to read it
# Longer than the timeout of `run`, which is the longest of all workers.
DEFAULT_ERASURE_SECOND_LOOK_S: Final = 300
DEFAULT_API_CALLS_PER_S: Final = 100
HTTPS_PORT: Final = 443
MAX_PORT: Final = 65_535
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")


class SettingMissing(Permanent):
    """The template does not set a variable that this function needs, or sets it to nonsense."""

    code = "setting_missing"


def load() -> "Settings":
    """The settings of this process."""
    return Settings(dict(os.environ))


def in_lambda() -> bool:
    """Whether this process is a Lambda's."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


def function() -> str:
    """Which of our functions this process is: the module that holds its handler."""
    return os.environ.get("_HANDLER", "functions.local.handler").split(".")[-2]


@dataclass(frozen=True, slots=True)
class Settings:
    """The variables of one function. Each is checked when it is asked for.

    Every property raises SettingMissing when its variable is not set and has no default, or holds
    what it must not.
    """

    environment: Mapping[str, str]  # the variables of the process, ours and others

    @property
    def bus(self) -> str:
        """The event bus's name."""
        return self._text("BUS")

    @property
    def config_table(self) -> str:
        """The table of webhooks, functions, API keys and syncs."""
        return self._text("CONFIG_TABLE")

    @property
    def deliveries_table(self) -> str:
        """The table of deliveries, and of what decides when they are sent."""
        return self._text("DELIVERIES_TABLE")

    @property
    def delivery_log_table(self) -> str:
        """The table that lists deliveries by time."""
        return self._text("DELIVERY_LOG_TABLE")

    @property
    def runs_table(self) -> str:
        """The table of runs, and of the permits of functions."""
        return self._text("RUNS_TABLE")

    @property
    def events_table(self) -> str:
        """The table of events, by id and by time."""
        return self._text("EVENTS_TABLE")

    @property
    def profiles_table(self) -> str:
        """The table of profiles."""
        return self._text("PROFILES_TABLE")

    @property
    def names_table(self) -> str:
        """The table that says which profile each name leads to."""
        return self._text("NAMES_TABLE")

    @property
    def timeline_table(self) -> str:
        """The table of the timelines of profiles."""
        return self._text("TIMELINE_TABLE")

    @property
    def ledger_table(self) -> str:
        """The table of the raw log's numbers and of the loads."""
        return self._text("LEDGER_TABLE")

    @property
    def audit_table(self) -> str:
        """The table of the audit log."""
        return self._text("AUDIT_TABLE")

    @property
    def jobs_table(self) -> str:
        """The table of jobs."""
        return self._text("JOBS_TABLE")

    @property
    def bucket(self) -> str:
        """The bucket of the raw log, the lake, and bodies that are too large for their record."""
        return self._text("BUCKET")

    @property
    def deliver_queue_url(self) -> str:
        """The queue of hints that a delivery is to be attempted."""
        return self._text("DELIVER_QUEUE_URL")

    @property
    def slow_queue_url(self) -> str:
        """The queue of hints to deliver to endpoints that answer slowly."""
        return self._text("SLOW_QUEUE_URL")

    @property
    def run_queue_url(self) -> str:
        """The queue of hints that a function is to be run."""
        return self._text("RUN_QUEUE_URL")

    @property
    def sync_queue_url(self) -> str:
        """The queue of hints that a sync is to be run."""
        return self._text("SYNC_QUEUE_URL")

    @property
    def watched_queue_urls(self) -> dict[str, str]:
        """All queues of the installation: those of work by the template's name, the others by own.

        The variables have the queues' own names, because all queues of an account in a region have
        URLs that begin alike, and a function's variables may have 4 KB together.
        """
        base = self.deliver_queue_url.rpartition("/")[0]
        dead = {name: f"{base}/{name}" for name in self._text("DEAD_LETTERS").split(",")}
        pairs = (pair.partition("=") for pair in self._text("QUEUES").split(","))
        return {name: f"{base}/{queue}" for name, _, queue in pairs} | dead

    @property
    def park_queue_url(self) -> str:
        """This function's own dead-letter queue, where poison records are parked."""
        return self._text("PARK_QUEUE_URL")

    @property
    def backlog_queue_url(self) -> str:
        """This function's own queue, which the bus fills: there an event gives way to others."""
        return self._text("BACKLOG_QUEUE_URL")

    @property
    def aside_queue_url(self) -> str:
        """This function's own queue of records that it could not follow by their stream."""
        return self._text("ASIDE_QUEUE_URL")

    @property
    def sandbox_function(self) -> str:
        """The Lambda that runs user code."""
        return self._text("SANDBOX_FUNCTION")

    @property
    def jobs_function(self) -> str:
        """The Lambda that works jobs off."""
        return self._text("JOBS_FUNCTION")

    @property
    def kms_key_id(self) -> str:
        """The key that wraps the tenants' data keys."""
        return self._text("KMS_KEY_ID")

    @property
    def aws_wire(self) -> Literal["botocore", "direct"]:
        """Who speaks to DynamoDB and SQS: botocore's client, or our own code, which is faster."""
        match self._text("AWS_WIRE", default="direct"):
            case "botocore" | "direct" as wire:
                return wire
            case other:
                raise SettingMissing(
                    f"{PREFIX}AWS_WIRE is {other!r}; it must be direct or botocore"
                )

    @property
    def stack(self) -> str:
        """The name of this installation's stack; empty where nothing is named after it."""
        return self._text("STACK", default="")

    @property
    def redshift_workgroup(self) -> str:
        """The Redshift workgroup that loads run on; empty when the installation has none."""
        return self._text("REDSHIFT_WORKGROUP", default="")

    @property
    def redshift_cluster(self) -> str:
        """The provisioned Redshift cluster that loads run on; empty for a workgroup."""
        return self._text("REDSHIFT_CLUSTER", default="")

    @property
    def redshift_database(self) -> str:
        """The database of that workgroup; empty when the installation has none."""
        return self._text("REDSHIFT_DATABASE", default="")

    @property
    def redshift_role_arn(self) -> str:
        """The role that runs SQL on the workgroup; empty for the process's own."""
        return self._text("REDSHIFT_ROLE_ARN", default="")

    @property
    def redshift_copy_role_arn(self) -> str:
        """The role that COPY reads the bucket with; empty when the installation has no Redshift."""
        return self._text("REDSHIFT_COPY_ROLE_ARN", default="")

    @property
    def measures_each_sync(self) -> bool:
        """Whether each sync has metrics of its own, beside those of all syncs together."""
        match self._text("SYNC_METRICS", default="each"):
            case "each":
                return True
            case "together":
                return False
            case other:
                raise SettingMissing(
                    f"{PREFIX}SYNC_METRICS is {other!r}; it must be each or together"
                )

    @property
    def allow_local_http(self) -> bool:
        """Whether plain http and loopback targets are allowed. Only the local cloud allows them."""
        value = self._text("ALLOW_LOCAL_HTTP", default="false")
        if value not in {"true", "false"}:
            raise SettingMissing(f"{PREFIX}ALLOW_LOCAL_HTTP must be true or false")
        return value == "true"

    @property
    def webhook_ports(self) -> frozenset[int]:
        """The ports that webhooks may be sent to: 443, and those that the installation adds."""
        added = self._text("EXTRA_PORTS", default=str(HTTPS_PORT)).split(",")
        if not all(_PORT.fullmatch(text) and int(text) <= MAX_PORT for text in added):
            raise SettingMissing(f"{PREFIX}EXTRA_PORTS must be port numbers between commas")
        return frozenset({HTTPS_PORT, *map(int, added)})

    @property
    def queue_delay_max_s(self) -> int:
        """The longest delay of a queue's message, in seconds. Longer ones wait in the due index."""
        return self._number("QUEUE_DELAY_MAX_S", default=DEFAULT_QUEUE_DELAY_MAX_S)

    @property
    def retention_days(self) -> int:
        """How many days deliveries and runs are kept."""
        return self._number("RETENTION_DAYS", default=DEFAULT_RETENTION_DAYS)

    @property
    def erasure_second_look_s(self) -> int:
        """How many seconds after its first look an erasure looks at everything again."""
        return self._number("ERASURE_SECOND_LOOK_S", default=DEFAULT_ERASURE_SECOND_LOOK_S)

    @property
    def audit_retention_days(self) -> int:
        """How many days entries of the audit log are kept."""
        return self._number("AUDIT_RETENTION_DAYS", default=DEFAULT_AUDIT_RETENTION_DAYS)

    @property
    def api_calls_per_s(self) -> int:
        """How many calls of the API one key may make a second, in the long run."""
        calls = self._number("API_CALLS_PER_S", default=DEFAULT_API_CALLS_PER_S)
        if not calls:
            raise SettingMissing(f"{PREFIX}API_CALLS_PER_S must be 1 or more")
        return calls

    def _text(self, name: str, *, default: str | None = None) -> str:
        value = self.environment.get(PREFIX + name, "")
        if value:
            return value
        if default is None:
            raise SettingMissing(f"{PREFIX}{name} is not set; the template must set it")
        return default

    def _number(self, name: str, *, default: int) -> int:
        value = self._text(name, default=str(default))
        if not value.isascii() or not value.isdigit():
            raise SettingMissing(f"{PREFIX}{name} must be a whole number")
        return int(value)
