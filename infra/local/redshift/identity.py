"""Asks the emulator's IAM who a caller is and what it may do, and its STS for COPY's role."""

import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import boto3

from infra.local.redshift.statements import Refused
from infra.local.redshift.users import ADMIN

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_sts.client import STSClient

REGION: Final = "us-east-1"
ACCOUNT: Final = "000000000000"  # the emulator's account
# Operations that need more than the permission of their own name: to send a statement, the Data API
# fetches credentials for the database in its caller's name.
ACTIONS: Final = {
    "ExecuteStatement": ("redshift-data:ExecuteStatement", "redshift-serverless:GetCredentials"),
    "BatchExecuteStatement": (
        "redshift-data:BatchExecuteStatement",
        "redshift-serverless:GetCredentials",
    ),
}
_CALLER: Final = re.compile(r"Credential=([^/]+)/")


@dataclass(frozen=True, slots=True)
class EmulatorIdentity:
    """Asks the emulator's IAM and STS, and remembers what it allowed."""

    endpoint: str  # URL of the emulator, for IAM, STS and S3
    _permissions: set[tuple[str, str, str]] = field(default_factory=set)
    _users: dict[str, str] = field(default_factory=dict)  # of the database, by access key
    _readers: dict[str, "S3Client"] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, authorization: str, operation: str, *, workgroup: str) -> str:
        """The database user that a caller is, if its policies allow this call.

        Args:
            authorization: the request's header, which names the caller's access key.
            operation: the name of the Data API's operation.
            workgroup: the workgroup that the request names; empty if it names none.

        Raises:
            Refused: they do not, or the request is not signed.
        """
        caller = _CALLER.search(authorization)
        if caller is None:
            raise Refused("MissingAuthenticationTokenException", "the request is not signed")
        actions = ACTIONS.get(operation, (f"redshift-data:{operation}",))
        resource = _workgroup_arn(workgroup) if operation in ACTIONS else "*"
        for action in actions:
            self._check(caller[1], action, resource)
        return self._user(caller[1])

    def reader(self, role_arn: str) -> "S3Client":
        """An S3 client with the permissions of the role that COPY names."""
        with self._lock:
            if role_arn not in self._readers:
                self._readers[role_arn] = self._reader_of(role_arn)
            return self._readers[role_arn]

    def _check(self, key: str, action: str, resource: str) -> None:
        permission = (key, action, resource)
        if permission in self._permissions:  # remembered, because clients poll DescribeStatement
            return
        iam: Any = boto3.client("iam", endpoint_url=self.endpoint)
        answer = iam.simulate_principal_policy(
            PolicySourceArn=key.ljust(20), ActionNames=[action], ResourceArns=[resource]
        )
        if answer["EvaluationResults"][0]["EvalDecision"] != "allowed":
            raise Refused("AccessDeniedException", f"not authorized to perform: {action}")
        self._permissions.add(permission)

    def _user(self, key: str) -> str:
        """The database user of the one whom an access key belongs to, as Redshift names it."""
        if key not in self._users:
            iam: Any = boto3.client("iam", endpoint_url=self.endpoint)
            owner = iam.get_access_key_last_used(AccessKeyId=key.ljust(16))["UserName"]
            self._users[key] = _database_user(owner)
        return self._users[key]

    def _reader_of(self, role_arn: str) -> "S3Client":
        sts: STSClient = boto3.client("sts", endpoint_url=self.endpoint)
        credentials = sts.assume_role(RoleArn=role_arn, RoleSessionName="copy")["Credentials"]
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )


def _database_user(principal_arn: str) -> str:
    """Redshift's name of somebody who comes by IAM; the account's root is the superuser here.

    https://docs.aws.amazon.com/redshift/latest/mgmt/generating-iam-credentials-overview.html
    """
    kind, _, rest = principal_arn.rpartition(":")[2].partition("/")
    match kind:
        case "assumed-role":
            return f"IAMR:{rest.partition('/')[0]}"
        case "user":
            return f"IAM:{rest.rpartition('/')[2]}"
        case _:
            return ADMIN


def _workgroup_arn(name: str) -> str:
    return f"arn:aws:redshift-serverless:{REGION}:{ACCOUNT}:workgroup/{name}"
