"""Whether the database user that loads Redshift has what it needs, for `penstock doctor`."""

from dataclasses import dataclass

from cli import _loader
from cli._errors import CommandFailed
from runtime.core.warehouse.grants import ADVICE
from runtime.errors import PenstockError


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found of the user."""

    found: str
    advice: str = ""  # what to do about it; empty when all is well


def look(stack: str | None) -> Finding | None:
    """Look what the user lacks.

    Args:
        stack: the name of an installed stack; None for the local cloud.

    Returns:
        None if the stack loads no Redshift.
    """
    try:
        loader = _loader.find(stack=stack)
        missing = _loader.lacks(loader, stack=stack)
    except (CommandFailed, PenstockError) as problem:
        is_none = problem.code in ("redshift_not_configured", "no_warehouse")
        return None if is_none else Finding(found="unseen", advice=problem.message)
    if not missing:
        return Finding(found=f"{loader.user} may load {loader.database}")
    count = "1 grant is" if len(missing) == 1 else f"{len(missing)} grants are"
    lacked = "; ".join(each.statement for each in missing)
    return Finding(found=f"{count} missing", advice=f"{ADVICE}; what is missing: {lacked}")
