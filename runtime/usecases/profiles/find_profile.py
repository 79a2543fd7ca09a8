"""Find one profile of the caller's tenant by a name of the person."""

from collections.abc import Mapping
from dataclasses import dataclass

from runtime.core.profiles import names
from runtime.core.profiles.names import Unusable
from runtime.core.profiles.profile import Profile
from runtime.errors import BadInput
from runtime.usecases.profiles.ports import Names


@dataclass(frozen=True, slots=True, kw_only=True)
class FindProfile:
    """Finds profiles by any of the names of their people."""

    people: Names

    def __call__(self, tenant: str, texts: Mapping[str, str]) -> Profile | None:
        """The live profile that the name leads to; None when it leads to none.

        Args:
            tenant: the caller's.
            texts: one name by its kind, as people write it.

        Raises:
            BadInput: code `not_one_name`, `unknown_kind`, or `unusable_name`: nobody has it.
        """
        if len(texts) != 1:
            raise BadInput("give one name", code="not_one_name")
        [(kind, text)] = texts.items()
        rules = self.people.rules(tenant)
        if kind not in rules.kinds:
            raise BadInput(
                f"unknown; the kinds of names are {', '.join(rules.kinds)}",
                field=(kind,),
                code="unknown_kind",
            )
        name = names.read(kind, text, rules)
        if isinstance(name, Unusable):
            raise BadInput(name.reason, field=(kind,), code="unusable_name")
        holder = self.people.by_names(tenant, [name]).get(name)
        return holder if isinstance(holder, Profile) and not holder.is_gone else None
