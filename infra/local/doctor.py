"""Tells `penstock doctor` whether this folder is set up, and whether it can build for Lambda."""

from typing import Final

from infra.build import bundle
from infra.local.place import CLOUD_VENV, ROOT

NEEDED: Final = (ROOT / ".venv" / "bin" / "python", CLOUD_VENV / "bin" / "sam")
LAMBDA_PYTHON: Final = bundle.LAMBDA_PYTHON


def missing() -> tuple[str, ...]:
    """The files that `make setup` makes and that do not exist, relative to the project's folder."""
    return tuple(str(path.relative_to(ROOT)) for path in NEEDED if not path.exists())


def can_compile_for_lambda() -> bool:
    """Whether this machine can put bytecode into bundles for Lambda; without, they start slower."""
    return bundle.find_python(LAMBDA_PYTHON) is not None
