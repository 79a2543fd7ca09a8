"""What `penstock doctor` asks of this folder: is it set up, and can it build for Lambda."""

from typing import Final

from infra.build import bundle
from infra.local.place import CLOUD_VENV, ROOT

NEEDED: Final = (ROOT / ".venv" / "bin" / "python", CLOUD_VENV / "bin" / "sam")
LAMBDA_PYTHON: Final = bundle.LAMBDA_PYTHON


def missing() -> tuple[str, ...]:
    """What `make setup` makes and is not here."""
    return tuple(str(path.relative_to(ROOT)) for path in NEEDED if not path.exists())


def can_compile_for_lambda() -> bool:
    """Whether bundles for the real cloud get bytecode, or start 0.6 s slower."""
    return bundle.find_python(LAMBDA_PYTHON) is not None
