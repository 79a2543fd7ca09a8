"""What `penstock doctor` says of this folder's set-up and its local cloud."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.build import bundle
from infra.local import cloud
from infra.local.place import CLOUD_VENV, ROOT, Place

NEEDED: Final = (ROOT / ".venv" / "bin" / "python", CLOUD_VENV / "bin" / "sam")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing looked at: `ok`, `warning` or `failed`, and what to do unless it is ok."""

    name: str
    verdict: str
    detail: str


def look(place: Place) -> tuple[Found, ...]:
    """Everything that the local cloud and the build for the real one need."""
    return (_environments(NEEDED), _lambda_python(), _local_cloud(place))


def _environments(needed: tuple[Path, ...]) -> Found:
    missing = [str(path.relative_to(ROOT)) for path in needed if not path.exists()]
    if missing:
        detail = f"{', '.join(missing)} missing; run `make setup`"
        return Found(name="set-up", verdict="failed", detail=detail)
    return Found(name="set-up", verdict="ok", detail="both virtual environments are here")


def _lambda_python() -> Found:
    version = bundle.LAMBDA_PYTHON
    if bundle.find_python(version) is None:
        detail = f"not here: bundles for the real cloud are built without bytecode ({version})"
        return Found(name="python for Lambda", verdict="warning", detail=detail)
    return Found(name="python for Lambda", verdict="ok", detail=version)


def _local_cloud(place: Place) -> Found:
    status = cloud.status(place)
    dead = [each.name for each in status.processes if not each.alive]
    if dead:
        detail = f"{', '.join(dead)} ended by itself; run `penstock local down`, then `up`"
        return Found(name="local cloud", verdict="failed", detail=detail)
    if status.cloud is None:
        return Found(name="local cloud", verdict="ok", detail="down")
    return Found(name="local cloud", verdict="ok", detail=f"up at {status.cloud.api_url}")
