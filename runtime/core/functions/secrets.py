"""Which secrets a function declares, and how the versions of their values count on.

The record of a run names the version of each secret that its code could read. So a version names
one value for as long as the function exists, whatever is declared, removed and declared anew.
"""

from collections.abc import Iterable
from dataclasses import replace

from runtime.core.functions.function import Function, Secret


def declared(function: Function, names: Iterable[str]) -> Function:
    """The function with these secrets declared and no others; the values of those stay."""
    after = {name: stored(function, name) for name in names}
    removed = (each.version for name, each in function.secrets.items() if name not in after)
    highest = max(removed, default=0)
    return replace(function, secrets=after, removed_secrets=max(function.removed_secrets, highest))


def stored(function: Function, name: str) -> Secret:
    """The secret as it is stored; without a value if it is not declared."""
    return function.secrets.get(name) or Secret(version=function.removed_secrets)
