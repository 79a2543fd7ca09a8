"""Who calls AWS with the credentials in force."""

from typing import Any

from runtime.stores.aws.clients import faults


def name(sts: Any) -> str:
    """The ARN of the user or the role's session; everybody may ask that of himself.

    Args:
        sts: botocore's client.

    Raises:
        Transient: AWS does not answer, or there are no credentials for it.
    """
    with faults("ask who calls"):
        return str(sts.get_caller_identity()["Arn"])
