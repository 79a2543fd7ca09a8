"""The API keys that a project's file declares: what each may do. No key ever stands in the file.

[keys.producer]
preset = "producer"
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli.project import document, keys
from cli.project.document import check_names
from cli.project.key import names
from runtime.core import timestamps
from runtime.core.tenancy import api_key
from runtime.core.tenancy.scopes import ADMIN, PRESETS, SCOPES
from runtime.core.webhooks import rules
from runtime.errors import BadInput

SECTION: Final = "keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredKey:
    """An API key as the file has it."""

    name: str
    scopes: tuple[str, ...]  # sorted
    webhook: str | None  # the name of the one webhook that it is for; None: all of the tenant
    expires_at: str | None  # as the API shows it; None: it does not end


def declared(path: Path, sections: Mapping[str, Any]) -> Iterator[DeclaredKey]:
    """The API keys of a file, in its order.

    Raises:
        WrongUsage: code `bad_settings`; the message names the file and the key.
    """
    return document.declared(path, sections, SECTION, _key)


def _key(name: str, own: Mapping[str, Any]) -> DeclaredKey:
    check_names(own, names(keys.API_KEY))
    rules.check_name(name)
    scopes = _scopes(own)
    webhook = document.text(own["webhook"], "webhook") if "webhook" in own else None
    if webhook is not None:
        api_key.check_narrow(scopes)
    return DeclaredKey(
        name=name, scopes=tuple(sorted(set(scopes))), webhook=webhook, expires_at=_end(own)
    )


def _scopes(own: Mapping[str, Any]) -> tuple[str, ...]:
    if ("scopes" in own) == ("preset" in own):
        raise BadInput("names either scopes or a preset", field="")
    if "preset" in own:
        return PRESETS[document.choice(own["preset"], PRESETS, "preset")]
    scopes = document.texts(own, "scopes", like='["events:write"]')
    if not scopes:
        raise BadInput("names no scope; a key needs one", field="scopes")
    for scope in scopes:
        document.choice(scope, (*SCOPES, ADMIN), "scopes")
    return scopes


def _end(own: Mapping[str, Any]) -> str | None:
    if "expires_at" not in own:
        return None
    text = document.text(own["expires_at"], "expires_at")
    try:
        return timestamps.timestamp(timestamps.moment(text))
    except ValueError as problem:
        raise BadInput(
            f"is no time: {problem}; write it as 2027-01-31T00:00:00Z", field="expires_at"
        ) from problem
