"""Judges the policies that stdin has, by parliament, and prints what it finds as JSON.

It runs in the environment `scan`, which has none of our code.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import parliament


def main() -> None:
    """Judge each policy, and print the findings as fields of `infra.scan.findings.Finding`."""
    findings = [finding for each in json.load(sys.stdin) for finding in _judge(each)]
    sys.stdout.write(json.dumps(findings))


def _judge(each: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    judged = parliament.analyze_policy_string(json.dumps(each["policy"]))
    for found in judged.findings:
        text = f"{found.title or found.issue} {found.detail}".strip()
        yield {
            "stack": each["stack"],
            "resource": each["resource"],
            "rule": found.issue,
            "text": text,
        }


if __name__ == "__main__":
    main()
