"""The examples' saved cases, run as their reader would run them."""

from pathlib import Path

import pytest

from cli.cases import suite
from cli.cases.run import How, run_all
from sandbox.engines import EngineName

FOLDER = Path(__file__).parents[3] / "examples" / "functions"


@pytest.mark.parametrize("engine", EngineName)
def test_each_case_of_the_examples_passes(engine: EngineName) -> None:
    """People copy a case with the example; one that fails would teach them nothing."""
    functions = suite.of_folder(FOLDER)

    results = list(run_all(functions, How(engine=engine)))

    assert [] == [(each.name, each.problems, each.diff) for each in results if not each.passed]


def test_the_examples_have_cases_of_each_kind() -> None:
    """A call that is answered, one that fails, a run that is retried, and one that raises."""
    functions = [each for each in suite.of_folder(FOLDER) if each.cases]
    cases = [case for function in functions for case in function.cases]

    assert len(functions) >= 5
    assert any(answer.error for case in cases for answer in case.http)
    assert any(answer.status == 201 for case in cases for answer in case.http)
    assert {"returned", "retry", "raised"} <= {case.expect.get("outcome") for case in cases}
    assert any(case.secrets for case in cases)
