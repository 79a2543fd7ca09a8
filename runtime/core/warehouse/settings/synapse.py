"""What a sync to a dedicated SQL pool of Azure Synapse has to be told."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from runtime.core.warehouse.settings import setting
from runtime.core.warehouse.settings.setting import Setting

PORT: Final = 1433
_ACCOUNT: Final = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER: Final = re.compile(r"[a-z0-9](-?[a-z0-9]){2,62}")
_PREFIX: Final = re.compile(r"([A-Za-z0-9_=.-]{1,100}/){1,8}")
_TOKEN: Final = re.compile(r"\??[A-Za-z0-9%&=_.~:+/-]{20,1500}")
SETTINGS: Final = (
    Setting(
        name="host",
        meaning="the dedicated SQL endpoint, such as workspace.sql.azuresynapse.net",
        rule=setting.WORD,
        form="a host name",
        fixed=True,
    ),
    Setting(
        name="database",
        meaning="the dedicated SQL pool in which the schema is made",
        rule=setting.WORD,
        form="1 to 256 characters",
        fixed=True,
    ),
    Setting(
        name="user",
        meaning="the user that logs in by SQL authentication",
        rule=setting.WORD,
        form="1 to 256 characters",
    ),
    Setting(
        name="password",
        meaning="the user's password",
        rule=re.compile(r"[^\x00-\x1f\x7f]{1,128}"),
        form="1 to 128 characters, none of them a control character",
        sealed=True,
    ),
    Setting(
        name="storage_account",
        meaning="the storage account that COPY reads files from",
        rule=_ACCOUNT,
        form="3 to 24 lower-case letters and digits",
    ),
    Setting(
        name="container",
        meaning="the container of that account",
        rule=_CONTAINER,
        form="the name of a container",
    ),
    Setting(
        name="prefix",
        meaning="what the names of all files begin with",
        rule=_PREFIX,
        form="names of folders, each with a / behind it",
        default="",
    ),
    Setting(
        name="sas_token",
        meaning="a shared access signature of the container, with the rights to read, create and"
        " write",
        rule=_TOKEN,
        form="the query of a shared access signature",
        sealed=True,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """One dedicated SQL pool, and who logs in there."""

    host: str
    database: str
    user: str
    port: int = PORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """Where the pool reads files."""

    account: str
    name: str
    prefix: str  # empty, or with a / at its end

    @property
    def url(self) -> str:
        """What the URLs of its files begin with."""
        return f"https://{self.account}.blob.core.windows.net/{self.name}/{self.prefix}"


def pool(shown: Mapping[str, str]) -> Pool:
    """The pool that a sync's settings name."""
    return Pool(host=shown["host"], database=shown["database"], user=shown["user"])


def container(shown: Mapping[str, str]) -> Container:
    """The container that a sync's settings name."""
    return Container(
        account=shown["storage_account"], name=shown["container"], prefix=shown.get("prefix", "")
    )


def signature(sas_token: str) -> str:
    """A shared access signature without the question mark that portals put before it."""
    return sas_token.removeprefix("?")
