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
_OTHERS: Final = "read the error; the next run tries again"


def advice(code: str) -> str:
    """What to do about an error with this code, as a sentence for people."""
    return _ADVICE.get(code, _OTHERS)
