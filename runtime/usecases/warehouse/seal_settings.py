"""Check the settings of a tenant's own destination, and seal those that are never shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from runtime.core.warehouse.settings import setting
from runtime.core.warehouse.settings.setting import Given, Setting
from runtime.core.warehouse.sync import DestinationKind, Sync


class SettingRules(NamedTuple):
    """What one kind of destination asks for."""

    settings: Sequence[Setting]
    # Raises BadInput for settings that are well formed, and that the destination cannot have.
    check: Callable[[Given], None]


class SealedSettings(NamedTuple):
    """The settings as a sync's record has them."""

    shown: Mapping[str, str]
    sealed: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealSettings:
    """Seals settings. Every error names the setting, and never its value."""

    rules: Mapping[DestinationKind, SettingRules]  # of the kinds that have settings
    seal: Callable[[str, str], str]  # encrypts for a tenant: (tenant, text)

    def __call__(
        self, tenant: str, kind: DestinationKind, given: Mapping[str, object]
    ) -> SealedSettings:
        """The settings of a new sync.

        Raises:
            BadInput: code `bad_settings`, or that of the destination's own check.
        """
        rules = self._of(kind)
        whole = setting.read(given, rules.settings)
        rules.check(whole)
        return self._sealed(tenant, whole)

    def changed(self, sync: Sync, given: Mapping[str, object]) -> SealedSettings:
        """The settings of a sync after a change of some of them.

        Raises:
            BadInput: code `bad_settings`, or that of the destination's own check.
        """
        rules = self._of(sync.kind)
        changes = setting.read_changes(given, rules.settings)
        rules.check(Given(shown={**sync.settings, **changes.shown}, sealed=changes.sealed))
        sealed = self._sealed(sync.tenant, changes)
        return SealedSettings(
            shown=_without_empty({**sync.settings, **changes.shown}),
            sealed={**sync.sealed, **sealed.sealed},
        )

    def _of(self, kind: DestinationKind) -> SettingRules:
        return self.rules.get(kind, SettingRules((), lambda _given: None))

    def _sealed(self, tenant: str, given: Given) -> SealedSettings:
        sealed = {name: self.seal(tenant, text) for name, text in given.sealed.items() if text}
        return SealedSettings(shown=_without_empty(given.shown), sealed=sealed)


def _without_empty(settings: Mapping[str, str]) -> Mapping[str, str]:
    """Settings without those that were left out."""
    return {name: text for name, text in settings.items() if text}
