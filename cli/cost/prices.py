"""The list prices of AWS that every bill here is made of, each with its date and its source.

They are those of us-east-1, without the free tier and without discounts. Most of AWS's own pages
load their tables by script, so copies of them have none: most prices here were compared with what
somebody has written out of them, and the others with nothing. A price that has changed is changed
here, and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

REGION: Final = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of AWS, and how we know what it says."""

    url: str  # where the prices are to be compared
    as_of: str  # the month or the year for which the prices below are known
    # `reprint`: somebody has copied the page. `memory`: it is what the page has said for years, and
    # nobody has looked it up.
    known_by: str
    source: str = ""  # URL of the reprint; empty where there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One price of AWS."""

    dollars: float  # for what `unit` says
    unit: str  # what is paid for, such as `a million requests`
    page: Page  # where it stands


_EVENTBRIDGE: Final = Page(
    url="https://aws.amazon.com/eventbridge/pricing/",
    as_of="2026-06",
    known_by="reprint",
    source="https://www.factualminds.com/blog/amazon-eventbridge-pricing-events-pipes-schema-archive/",
)
_SQS: Final = Page(
    url="https://aws.amazon.com/sqs/pricing/",
    as_of="2026-03",
    known_by="reprint",
    source="https://cloudburn.io/blog/amazon-sqs-pricing",
)
_LAMBDA: Final = Page(
    url="https://aws.amazon.com/lambda/pricing/",
    as_of="2024",
    known_by="reprint",
    source="https://cloudchipr.com/blog/aws-lambda-pricing",
)
_DYNAMODB: Final = Page(
    url="https://aws.amazon.com/dynamodb/pricing/on-demand/",
    as_of="2025-07",
    known_by="reprint",
    source="https://airbyte.com/data-engineering-resources/dynamodb-pricing",
)
_DYNAMODB_STORAGE: Final = Page(
    url="https://aws.amazon.com/dynamodb/pricing/on-demand/", as_of="2026-11", known_by="memory"
)
_CLOUDWATCH: Final = Page(
    url="https://aws.amazon.com/cloudwatch/pricing/",
    as_of="2026-02",
    known_by="reprint",
    source="https://cloudburn.io/blog/amazon-cloudwatch-pricing",
)
_EC2: Final = Page(
    url="https://aws.amazon.com/ec2/pricing/on-demand/",
    as_of="2026-06",
    known_by="reprint",
    source="https://www.usage.ai/blogs/aws/networking-cost/data-transfer-costs/",
)
_S3: Final = Page(url="https://aws.amazon.com/s3/pricing/", as_of="2026-11", known_by="memory")
_KMS: Final = Page(
    url="https://aws.amazon.com/kms/pricing/",
    as_of="2026-03",
    known_by="reprint",
    source="https://cloudburn.io/blog/aws-kms-pricing",
)
_REDSHIFT: Final = Page(
    url="https://aws.amazon.com/redshift/pricing/", as_of="2026-11", known_by="memory"
)

EVENT: Final = Price(dollars=1.00, unit="a million custom events of up to 64 KB", page=_EVENTBRIDGE)
EVENT_ARCHIVE: Final = Price(dollars=0.10, unit="a GB that EventBridge archives", page=_EVENTBRIDGE)
REQUEST: Final = Price(dollars=0.40, unit="a million requests of SQS", page=_SQS)
FAIR_REQUEST: Final = Price(dollars=0.50, unit="a million requests with a group", page=_SQS)
INVOCATION: Final = Price(dollars=0.20, unit="a million invocations of Lambda", page=_LAMBDA)
GB_SECOND: Final = Price(dollars=0.0000133334, unit="a GB-second of Lambda on arm64", page=_LAMBDA)
WRITE: Final = Price(dollars=0.625, unit="a million write units", page=_DYNAMODB)
READ: Final = Price(dollars=0.125, unit="a million read units", page=_DYNAMODB)
TABLE_GB: Final = Price(dollars=0.25, unit="a GB in a table, a month", page=_DYNAMODB_STORAGE)
BACKUP_GB: Final = Price(
    dollars=0.20, unit="a GB of backups of a table, a month", page=_DYNAMODB_STORAGE
)
LOG_GB: Final = Price(dollars=0.50, unit="a GB that is written to a log", page=_CLOUDWATCH)
ALARM: Final = Price(dollars=0.10, unit="a metric that an alarm watches, a month", page=_CLOUDWATCH)
COMPOSITE_ALARM: Final = Price(dollars=0.50, unit="an alarm of alarms, a month", page=_CLOUDWATCH)
METRIC: Final = Price(dollars=0.30, unit="a metric of our own, a month", page=_CLOUDWATCH)
OUT_GB: Final = Price(dollars=0.09, unit="a GB that leaves AWS", page=_EC2)
OBJECT_GB: Final = Price(dollars=0.023, unit="a GB in a bucket, a month", page=_S3)
KEY: Final = Price(dollars=1.00, unit="a key, a month", page=_KMS)
RPU_HOUR: Final = Price(dollars=0.375, unit="an hour of an RPU, Serverless", page=_REDSHIFT)

# By the names that the output has.
PRICES: Final[Mapping[str, Price]] = {
    "event": EVENT,
    "event_archive": EVENT_ARCHIVE,
    "request": REQUEST,
    "fair_request": FAIR_REQUEST,
    "invocation": INVOCATION,
    "gb_second": GB_SECOND,
    "write": WRITE,
    "read": READ,
    "table_gb": TABLE_GB,
    "backup_gb": BACKUP_GB,
    "log_gb": LOG_GB,
    "alarm": ALARM,
    "composite_alarm": COMPOSITE_ALARM,
    "metric": METRIC,
    "out_gb": OUT_GB,
    "object_gb": OBJECT_GB,
    "key": KEY,
    "rpu_hour": RPU_HOUR,
}
