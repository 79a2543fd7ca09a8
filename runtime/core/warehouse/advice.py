"""Says what a person can do about an error of a sync, by the error's code."""

from types import MappingProxyType
from typing import Final

from runtime.core.warehouse import grants

_ADVICE: Final = MappingProxyType(
    {
        "permission": f"{grants.ADVICE}, and the COPY role read the bucket",
        "missing_file": "let the COPY role read the bucket; staged files are kept for 7 days",
        "busy": "nothing: the next run tries again",
        "lost": "nothing: the next run finds out in the warehouse whether it was loaded",
        "data": "the warehouse refuses a row: report it with the load's id",
        "missing_table": "nothing: the schema has been made again, and the next run loads",
        "schema_taken": "make a sync of another schema: this one belongs to another tenant",
        "bad_schema": "make a sync of another schema: this is no name of one",
        "redshift_not_configured": "set the parameter RedshiftWorkgroup of the installation",
        "raw_gap": "restore the raw batches, or let the sync go on without them: syncs skip-gap",
        "aws_unavailable": "nothing: the next run tries again",
        "internal": "Penstock itself failed: its operator finds the cause in the log of `sync`",
    }
)
# Of destinations of tenants' own, where it is the tenant who gives rights.
_OWN_ADVICE: Final = MappingProxyType(
    {
        "permission": "mend the login by `penstock syncs update --settings`, or its rights at your"
        " destination; a role must trust the sync's id as external id",
        "missing_file": "let your destination read the folder that the sync's settings name",
        "warehouse_unreachable": "see that the server is there, and its name, port, firewall and"
        " certificate as the sync's settings say",
        "blocked_address": "let the host's name lead to public addresses alone",
        "dns_failure": "let the host's name lead to a public address",
        "bucket_missing": "make the bucket in this region, or make a sync of another",
        "bad_key": "give the sync another key by `penstock syncs update --settings`",
    }
)
_OTHERS: Final = "read the error; the next run tries again"


def advice(code: str, *, is_own: bool) -> str:
    """What to do about an error, as a sentence for people.

    Args:
        code: the error's.
        is_own: whether the sync's destination is the tenant's own.
    """
    common = _ADVICE.get(code, _OTHERS)
    return _OWN_ADVICE.get(code, common) if is_own else common
