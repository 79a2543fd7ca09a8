"""Who calls the stand-in, what they may do, and as whom COPY reads: asked of the emulator's IAM."""

import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import boto3

from infra.local.redshift.statements import Refused

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_sts.client import STSClient

REGION: Final = "us-east-1"
ACCOUNT: Final = "000000000000"  # the emulator's
# A statement is sent with credentials for the database, which the Data API fetches for its caller.
ACTIONS: Final = {
    "ExecuteStatement": ("redshift-data:ExecuteStatement", "redshift-serverless:GetCredentials"),
    "BatchExecuteStatement": (
        "redshift-data:BatchExecuteStatement",
        "redshift-serverless:GetCredentials",
    ),
}
_CALLER: Final = re.compile(r"Credential=([^/]+)/")


@dataclass(frozen=True, slots=True)
class Identity:
    """The emulator's IAM and STS; `endpoint` is where S3 is, too."""

    endpoint: str
    _allowed: set[tuple[str, str, str]] = field(default_factory=set)
    _readers: dict[str, "S3Client"] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, authorization: str, operation: str, *, workgroup: str) -> None:
        """Let a call through that its caller's policies allow.

        Raises:
            Refused: they do not, or nobody knows the caller.
        """
        caller = _CALLER.search(authorization)
        if caller is None:
            raise Refused("MissingAuthenticationTokenException", "the request is not signed")
        actions = ACTIONS.get(operation, (f"redshift-data:{operation}",))
        resource = _workgroup_arn(workgroup) if operation in ACTIONS else "*"
        for action in actions:
            self._check(caller[1], action, resource)

    def reader(self, role_arn: str) -> "S3Client":
        """S3 with the permissions of the role that COPY names."""
        with self._lock:
            if role_arn not in self._readers:
                self._readers[role_arn] = self._assumed(role_arn)
            return self._readers[role_arn]

    def _check(self, key: str, action: str, resource: str) -> None:
        asked = (key, action, resource)
        if asked in self._allowed:  # describing is polled
            return
        iam: Any = boto3.client("iam", endpoint_url=self.endpoint)
        answer = iam.simulate_principal_policy(
            PolicySourceArn=key.ljust(20), ActionNames=[action], ResourceArns=[resource]
        )
        if answer["EvaluationResults"][0]["EvalDecision"] != "allowed":
            raise Refused("AccessDeniedException", f"not authorized to perform: {action}")
        self._allowed.add(asked)

    def _assumed(self, role_arn: str) -> "S3Client":
        sts: STSClient = boto3.client("sts", endpoint_url=self.endpoint)
        given = sts.assume_role(RoleArn=role_arn, RoleSessionName="copy")["Credentials"]
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )


def _workgroup_arn(name: str) -> str:
    return f"arn:aws:redshift-serverless:{REGION}:{ACCOUNT}:workgroup/{name}"
