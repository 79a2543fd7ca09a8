"""A suite's results as JUnit XML, which build servers read."""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Final
from xml.etree import ElementTree as ET

from cli.cases.run import CaseResult

# XML cannot express these, escaped or not. They come from what functions log and return.
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def report(results: Sequence[CaseResult]) -> bytes:
    """The document in UTF-8: a test suite for each function, a test case for each case."""
    root = ET.Element("testsuites", {"name": "penstock functions test", **_counts(results)})
    for name, group in groupby(results, key=lambda each: each.function):
        of_function = list(group)
        suite = ET.SubElement(root, "testsuite", {"name": _xml(name), **_counts(of_function)})
        for each in of_function:
            suite.append(_case(each))
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _case(each: CaseResult) -> ET.Element:
    about = {
        "classname": _xml(each.function),
        "name": _xml(each.case.name),
        "file": _xml(str(each.case.file)),
        "time": f"{each.duration_s:.3f}",
    }
    element = ET.Element("testcase", about)
    if not each.passed:
        message = _xml(each.problems[0].split("\n")[0])
        kind = "failed" if each.result is None else str(each.result["outcome"])
        failure = ET.SubElement(element, "failure", {"message": message, "type": kind})
        failure.text = _xml("\n".join([*each.problems, *each.diff]))
    logs = [entry["message"] for entry in each.result["logs"]] if each.result else []
    if logs:
        ET.SubElement(element, "system-out").text = _xml("\n".join(logs))
    return element


def _counts(results: Sequence[CaseResult]) -> dict[str, str]:
    failed = sum(not each.passed for each in results)
    time_s = sum(each.duration_s for each in results)
    return {
        "tests": str(len(results)),
        "failures": str(failed),
        "errors": "0",
        "skipped": "0",
        "time": f"{time_s:.3f}",
    }


def _xml(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
