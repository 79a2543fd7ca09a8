"""What a sync into a bucket of a tenant's own has to be told; without a bucket it needs nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from runtime.core.warehouse.settings import setting
from runtime.core.warehouse.settings.setting import Given, Setting
from runtime.errors import BadInput

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX: Final = re.compile(r"([A-Za-z0-9_=.-]{1,100}/){1,8}")
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
# Below this path alone: roles of the account that Penstock runs in have none, so no tenant can have
# us act as one of them.
_ROLE: Final = re.compile(
    r"arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/penstock/[A-Za-z0-9_+=,.@-]{1,64}"
)
SETTINGS: Final = (
    Setting(
        name="bucket",
        meaning="a bucket of your own; without it the files are in the installation's lake alone",
        rule=_BUCKET,
        form="the name of a bucket",
        default="",
        fixed=True,
    ),
    Setting(
        name="prefix",
        meaning="what the keys of all files begin with",
        rule=_PREFIX,
        form="names of folders, each with a / behind it",
        default="",
        fixed=True,
    ),
    Setting(
        name="region",
        meaning="the bucket's region; empty for that of the installation",
        rule=_REGION,
        form="a region",
        default="",
        fixed=True,
    ),
    Setting(
        name="role_arn",
        meaning="the role that may put objects there; it asks for the sync's id as external id",
        rule=_ROLE,
        form="the ARN of a role with the path /penstock/",
        default="",
    ),
)
# For destinations that read their files from such a bucket.
REQUIRED: Final = tuple(
    replace(each, default=None) if each.name in {"bucket", "role_arn"} else each
    for each in SETTINGS
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBucket:
    """A bucket of a tenant's own, and how we come to write there."""

    name: str
    prefix: str  # empty, or with a / at its end
    region: str  # empty for the installation's
    role_arn: str


def own_bucket(shown: Mapping[str, str]) -> OwnBucket | None:
    """The bucket that a sync's settings name; None if they name none."""
    return bucket_of(shown) if shown.get("bucket") else None


def bucket_of(shown: Mapping[str, str]) -> OwnBucket:
    """The bucket of a destination that cannot do without one."""
    return OwnBucket(
        name=shown["bucket"],
        prefix=shown.get("prefix", ""),
        region=shown.get("region", ""),
        role_arn=shown["role_arn"],
    )


def check(given: Given) -> None:
    """Refuse a bucket without a role, and anything without a bucket.

    Raises:
        BadInput: code `bad_settings`.
    """
    has_bucket = bool(given.shown.get("bucket"))
    if has_bucket and not given.shown.get("role_arn"):
        raise BadInput(
            "is missing: it is how we write to the bucket, for which we take no keys",
            field=("settings", "role_arn"),
            code=setting.CODE,
        )
    if not has_bucket and any(given.shown.values()):
        raise BadInput(
            "is missing: the other settings are about it",
            field=("settings", "bucket"),
            code=setting.CODE,
        )
