"""What a sync to BigQuery has to be told."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from runtime.core.warehouse.settings import setting
from runtime.core.warehouse.settings.setting import Setting
from runtime.errors import BadInput

_PROJECT: Final = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_LOCATION: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,62}")
_KEY_FILE: Final = re.compile(r"\s*\{.*\}\s*", re.DOTALL)
SETTINGS: Final = (
    Setting(
        name="project",
        meaning="the project that has the dataset, and that pays for the jobs",
        rule=_PROJECT,
        form="a project id",
        fixed=True,
    ),
    Setting(
        name="location",
        meaning="where its dataset is, such as EU or europe-west3",
        rule=_LOCATION,
        form="a location",
        fixed=True,
    ),
    Setting(
        name="key",
        meaning="the text of the JSON file that Google made for a key of a service account",
        rule=_KEY_FILE,
        form="the text of a key's JSON file",
        sealed=True,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One project, and who loads there."""

    id: str
    location: str
    account: str  # e-mail address of a service account
    key_id: str  # of the account's key, which Google finds the public half by


def project(shown: Mapping[str, str], *, key: str) -> Project:
    """The project that a sync's settings name."""
    return Project(
        id=shown["project"],
        location=shown["location"],
        account=_field(key, "client_email"),
        key_id=_field(key, "private_key_id"),
    )


def private_key(key: str) -> str:
    """The PEM in a key's file.

    Raises:
        BadInput: code `bad_settings`: there is none.
    """
    return _field(key, "private_key")


def _field(key: str, name: str) -> str:
    try:
        read = json.loads(key)
    except ValueError:
        read = None  # the reason may repeat a part of the key
    value = read.get(name) if isinstance(read, dict) else None
    if not isinstance(value, str):
        raise BadInput(f"has no {name}", field=("settings", "key"), code=setting.CODE)
    return value
