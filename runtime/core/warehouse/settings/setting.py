"""One setting of a destination, and the reading of all that somebody gives.

Settings are shown to whoever may read the sync; sealed ones are stored encrypted and never shown
again. No error repeats a value, because it may be a secret in the wrong place.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from runtime.errors import BadInput

MAX_VALUE_CHARS: Final = 16_384  # a private key, or a bundle of a few certificate authorities
CODE: Final = "bad_settings"

PORT: Final = re.compile(r"[1-9][0-9]{0,4}")
WORD: Final = re.compile(r"[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]{0,254}[^\s\x00-\x1f\x7f])?")
SECRET: Final = re.compile(r"[^\x00-\x1f\x7f]{1,4096}")
PRIVATE_KEY: Final = re.compile(
    r"\s*-----BEGIN (RSA )?PRIVATE KEY-----[A-Za-z0-9+/=\s]+-----END (RSA )?PRIVATE KEY-----\s*"
)
CERTIFICATES: Final = re.compile(
    r"\s*(-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One thing that a kind of destination has to be told."""

    name: str
    meaning: str  # for people
    rule: re.Pattern[str]  # what the whole value has to match
    form: str  # the same in words, as in "must be …"
    # The value where nobody gives one. None: somebody must. Empty: it may be left out.
    default: str | None = None
    sealed: bool = False  # whether it is stored encrypted, and never shown
    # Whether it says which destination this is. It never changes: rows that are loaded already
    # would be missing at the new place.
    fixed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The settings of one sync, checked."""

    shown: Mapping[str, str] = field(default_factory=dict)
    sealed: Mapping[str, str] = field(default_factory=dict, repr=False)


def read(given: Mapping[str, object], settings: Sequence[Setting]) -> Given:
    """All settings of a new sync, with defaults in the place of what is left out.

    Raises:
        BadInput: code `bad_settings`: one is missing, unknown, or not of its form.
    """
    _check_names(given, settings)
    return _parted(given, settings)


def read_changes(given: Mapping[str, object], settings: Sequence[Setting]) -> Given:
    """The settings that somebody changes, and no others.

    Raises:
        BadInput: code `bad_settings`: one is unknown, not of its form, or never changes.
    """
    _check_names(given, settings)
    changed = [setting for setting in settings if setting.name in given]
    for setting in changed:
        if setting.fixed:
            raise _refused(setting.name, "says which destination this is; create another sync")
    return _parted(given, changed)


def _parted(given: Mapping[str, object], settings: Sequence[Setting]) -> Given:
    values = {setting.name: _value(setting, given) for setting in settings}
    return Given(
        shown={each.name: values[each.name] for each in settings if not each.sealed},
        sealed={each.name: values[each.name] for each in settings if each.sealed},
    )


def _check_names(given: Mapping[str, object], settings: Sequence[Setting]) -> None:
    known = [setting.name for setting in settings]
    for name in given:
        if name not in known:
            choice = ", ".join(known) if known else "this kind of sync has none"
            raise _refused(name, f"is no setting of this destination; there are: {choice}")


def _value(setting: Setting, given: Mapping[str, object]) -> str:
    value = given.get(setting.name, setting.default)
    if value is None:
        raise _refused(setting.name, f"is missing: {setting.meaning}")
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or len(text) > MAX_VALUE_CHARS:
        raise _refused(setting.name, f"must be {setting.form}")
    if text == setting.default or setting.rule.fullmatch(text):
        return text
    raise _refused(setting.name, f"must be {setting.form}")


def _refused(name: str, what: str) -> BadInput:
    return BadInput(what, field=("settings", name), code=CODE)
