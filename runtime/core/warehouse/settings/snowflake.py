"""What a sync to Snowflake has to be told."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from runtime.core.warehouse.settings import s3, setting
from runtime.core.warehouse.settings.setting import Setting

_ACCOUNT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}(\.[A-Za-z0-9_-]{1,63}){0,3}")
# As SQL writes it without quotes: such a name has one spelling, whoever writes it.
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,254}")
_STAGE: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_$]{0,254}\.){2}[A-Za-z_][A-Za-z0-9_$]{0,254}")
SETTINGS: Final = (
    Setting(
        name="account",
        meaning="the account's identifier, such as org-account: what stands before"
        " .snowflakecomputing.com",
        rule=_ACCOUNT,
        form="an account identifier",
        fixed=True,
    ),
    Setting(
        name="database",
        meaning="the database in which the schema is made",
        rule=_NAME,
        form="a name that needs no quotes",
        fixed=True,
    ),
    Setting(
        name="warehouse",
        meaning="the virtual warehouse that runs the loads",
        rule=_NAME,
        form="a name that needs no quotes",
    ),
    Setting(
        name="role",
        meaning="the role that loads",
        rule=_NAME,
        form="a name that needs no quotes",
    ),
    Setting(
        name="stage",
        meaning="an external stage, as database.schema.stage, on the folder that bucket and prefix"
        " name",
        rule=_STAGE,
        form="three names that need no quotes, with dots between them",
    ),
    Setting(
        name="user",
        meaning="the user that logs in",
        rule=setting.WORD,
        form="1 to 256 characters",
    ),
    Setting(
        name="private_key",
        meaning="PEM, without a password: the user has its public half as RSA_PUBLIC_KEY",
        rule=setting.PRIVATE_KEY,
        form="an RSA key in PEM",
        sealed=True,
    ),
    *s3.REQUIRED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One database of one account, and who loads there."""

    identifier: str  # the first part of the account's host name
    database: str
    warehouse: str  # the virtual warehouse that runs statements
    role: str
    stage: str  # an external stage, as database.schema.stage
    user: str

    @property
    def host(self) -> str:
        """The account's host, where names with underscores have no certificate."""
        return f"{self.identifier.lower().replace('_', '-')}.snowflakecomputing.com"

    @property
    def issuer(self) -> str:
        """The account and the user, as tokens name them: upper case, and without a region."""
        name = self.identifier.partition(".")[0]
        return f"{name.upper()}.{self.user.upper()}"


def account(shown: Mapping[str, str]) -> Account:
    """The account that a sync's settings name."""
    return Account(
        identifier=shown["account"],
        database=shown["database"],
        warehouse=shown["warehouse"],
        role=shown["role"],
        stage=shown["stage"],
        user=shown["user"],
    )
