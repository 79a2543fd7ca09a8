"""Has parliament judge the statements of the roles: are there such actions, on such resources?

A template names resources by references, and parliament reads ARNs. So each reference becomes an
ARN of the kind of resource that it leads to.
"""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from infra.build.commands import ROOT
from infra.scan import template
from infra.scan.checkov import NotScanned
from infra.scan.findings import Finding
from infra.scan.template import Resource

JUDGE: Final = ROOT / "infra" / "scan" / "judge_policies.py"
_PLACE: Final = "us-east-1:123456789012"
_WORKGROUPS: Final = f"arn:aws:redshift-serverless:{_PLACE}:workgroup"
_ARNS: Final = {
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{_PLACE}:table/{{name}}",
    "AWS::Events::EventBus": f"arn:aws:events:{_PLACE}:event-bus/{{name}}",
    "AWS::IAM::Role": "arn:aws:iam::123456789012:role/{name}",
    "AWS::KMS::Key": f"arn:aws:kms:{_PLACE}:key/{{name}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{_PLACE}:function:{{name}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{_PLACE}:log-group:{{name}}:log-stream:*",
    "AWS::RedshiftServerless::Workgroup": f"{_WORKGROUPS}/{{name}}",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SNS::Topic": f"arn:aws:sns:{_PLACE}:{{name}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{_PLACE}:{{name}}",
    "AWS::Serverless::Function": f"arn:aws:lambda:{_PLACE}:function:{{name}}",
}
# References that lead to no resource of the template.
_PARAMETERS: Final = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "Installation": "penstock",
    "DataKeyArn": f"arn:aws:kms:{_PLACE}:key/theirs",
    "RedshiftWorkgroupArn": f"{_WORKGROUPS}/theirs",
}
_REFERENCE: Final = re.compile(r"\$\{([^!}][^}]*)\}")


def scan(python: Path) -> Iterator[Finding]:
    """What parliament finds.

    Args:
        python: the interpreter of an environment that has parliament.

    Raises:
        NotScanned: it failed.
    """
    roles = template.resources("AWS::IAM::Role", "AWS::IAM::Policy")
    judged = [
        {"stack": role.stack, "resource": role.name, "policy": document}
        for role in roles
        for document in documents(role)
    ]
    done = subprocess.run(  # noqa: S603 - our own script
        [str(python), "-W", "ignore", str(JUDGE)],
        input=json.dumps(judged),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NotScanned(f"parliament: {done.stderr[-2_000:]}")
    for each in json.loads(done.stdout):
        yield Finding(**each)


def documents(role: Resource) -> Iterator[Mapping[str, Any]]:
    """The policies of a role, with ARNs in place of references, as strict JSON."""
    whole = [role.properties] if role.kind == "AWS::IAM::Policy" else []
    for policy in (*role.properties.get("Policies", ()), *whole):
        for each in _branches(policy):
            statements = [
                _plain(statement, stack=role.stack)
                for written in each["PolicyDocument"]["Statement"]
                for statement in _branches(written)
            ]
            yield {"Version": "2012-10-17", "Statement": statements}


def _branches(value: Any) -> list[Any]:
    """The value under either answer to its condition, where it has one."""
    match value:
        case {"Fn::If": [_, yes, no]}:
            return [*_branches(yes), *_branches(no)]
        case {"Ref": "AWS::NoValue"}:
            return []
        case _:
            return [value]


def _plain(value: Any, *, stack: str) -> Any:
    match value:
        case {"Fn::Sub": str() as text}:
            return _REFERENCE.sub(lambda found: _arn({"Ref": found[1]}, stack=stack), text)
        case {"Ref": str()} | {"Fn::GetAtt": _}:
            return _arn(value, stack=stack)
        case dict():
            return {key: _plain(part, stack=stack) for key, part in value.items()}
        case list():
            parts = [each for part in value for each in _branches(part)]
            return [_plain(part, stack=stack) for part in parts]
        case _:
            return value


def _arn(reference: Mapping[str, Any], *, stack: str) -> str:
    """The ARN of the resource that a reference leads to; a name, where it is of a stream."""
    name = reference.get("Ref", "")
    if name in _PARAMETERS:
        return _PARAMETERS[name]
    if "." in name:
        reference = {"Fn::GetAtt": name.split(".", 1)}
    target = template.resolve(reference, stack=stack)
    known = {each.id: each for each in template.resources(*_ARNS)}
    if target not in known:
        return target
    arn = _ARNS[known[target].kind].format(name=known[target].name)
    return f"{arn}/stream/1" if name.endswith("StreamArn") else arn
