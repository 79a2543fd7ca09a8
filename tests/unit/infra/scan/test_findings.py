"""What of a scanner's findings stops a change, and that each scanner sees a fault that is there."""

from pathlib import Path
from typing import Any

import pytest

from infra.scan import audit, checkov, findings
from infra.scan.checkov import NotScanned
from infra.scan.findings import Finding

OPEN_QUEUE = Finding(stack="Bus", rule="CKV_AWS_27", resource="MatchQueue", text="Encrypt it")


def _stacks(**accepted: str) -> dict[str, dict[str, Any]]:
    return {"": {}, "Bus": {"Metadata": {findings.ACCEPTED: accepted}}}


def test_a_finding_is_told_with_its_place_and_its_rule() -> None:
    """Who reads it has to get to the line without asking."""
    told = list(findings.complaints([OPEN_QUEUE], _stacks()))
    assert told == ["Bus: MatchQueue: CKV_AWS_27: Encrypt it"]


def test_what_a_stack_accepts_with_a_reason_is_no_complaint() -> None:
    """The reason stands where a reviewer reads the queue."""
    assert not list(findings.complaints([OPEN_QUEUE], _stacks(CKV_AWS_27="SQS has a key")))


def test_a_reason_counts_for_its_own_stack_alone() -> None:
    """Another stack's queue may hold something else."""
    elsewhere = Finding(stack="", rule="CKV_AWS_27", resource="Queue", text="Encrypt it")
    told = list(findings.complaints([OPEN_QUEUE, elsewhere], _stacks(CKV_AWS_27="SQS has a key")))
    assert told == ["template.yaml: Queue: CKV_AWS_27: Encrypt it"]


@pytest.mark.parametrize(("reason", "word"), [(" ", "reason"), ("SQS has a key", "no longer")])
def test_an_idle_or_empty_reason_is_a_complaint(reason: str, word: str) -> None:
    """It would hide the next finding."""
    broken = [OPEN_QUEUE] if word == "reason" else []
    [told] = findings.complaints(broken, _stacks(CKV_AWS_27=reason))
    assert word in told


def test_a_report_of_checkov_is_read_by_stack(tmp_path: Path) -> None:
    """It names files; people know stacks."""
    file = tmp_path / "bus.yaml"
    failed = {
        "check_id": "CKV_AWS_27",
        "check_name": "Encrypt it",
        "resource": "AWS::SQS::Queue.MatchQueue",
        "file_abs_path": str(file),
    }
    report = {"summary": {"parsing_errors": 0}, "results": {"failed_checks": [failed]}}
    assert list(checkov.read(report, {"Bus": file})) == [OPEN_QUEUE]


def test_a_file_that_checkov_cannot_read_is_no_clean_file() -> None:
    """Nothing found in it means nothing."""
    report = {"summary": {"parsing_errors": 1}, "results": {"parsing_errors": ["bus.yaml"]}}
    with pytest.raises(NotScanned, match=r"bus\.yaml"):
        list(checkov.read(report, {}))


def test_a_vulnerability_is_told_with_the_version_that_mends_it() -> None:
    """The next step is to pin that one."""
    known = {"id": "CVE-1", "fix_versions": ["2.0"]}
    report = {"dependencies": [{"name": "h11", "version": "1.0", "vulns": [known]}]}
    assert list(audit.vulnerabilities(report)) == ["h11 1.0: CVE-1, mended in 2.0"]
