"""The package for receivers: built here without a network, and whole by itself."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.metadata import Metadata
from standardwebhooks import Webhook

from infra.build.commands import ROOT
from infra.build.receiver import backend
from infra.build.receiver.__main__ import build, main
from tests.vectors import AT_S, BODY, ID, SECRET_A, SIGNATURE

STEM: Final = "penstock_receiver-0.1.0"
PACKAGE: Final = {
    f"penstock/{name}" for name in ("__init__.py", "_events.py", "py.typed", "webhooks.py")
}
# Where the package comes from, what a signed request says, and what a changed one is refused for.
RECEIVES: Final = f"""
import penstock, sys
from penstock.webhooks import Receiver, Rejected

receiver = Receiver({SECRET_A!r}, clock=lambda: {AT_S})
headers = {{
    "webhook-id": {ID!r}, "webhook-timestamp": "{AT_S}", "webhook-signature": {SIGNATURE!r}
}}
print(receiver.verify(body={BODY!r}, headers=headers).json()["test"])
try:
    receiver.verify(body={BODY!r} + b" ", headers=headers)
except Rejected as problem:
    print(problem.code)
print(penstock.__file__)
print(sorted({{name.partition(".")[0] for name in sys.modules}} - sys.stdlib_module_names))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("built")
    build(folder)
    return folder


def printed(*command: str | Path) -> list[str]:
    """The lines that a command prints, in an environment that names no registry."""
    environment = {"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(  # noqa: S603 - our own command
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout.splitlines()


def test_the_wheel_is_the_package_and_nothing_else_of_the_repository(built: Path) -> None:
    """A receiver wants a verifier, and not the platform's code with its dependencies."""
    info = f"{STEM}.dist-info"
    with zipfile.ZipFile(built / f"{STEM}-py3-none-any.whl") as wheel:
        files = {name: wheel.read(name) for name in wheel.namelist()}

    own = {f"{info}/{name}" for name in ("licenses/LICENSE", "METADATA", "WHEEL", "RECORD")}
    assert PACKAGE | own == files.keys()
    assert (ROOT / "LICENSE").read_bytes() == files[f"{info}/licenses/LICENSE"]
    assert all((ROOT / name).read_bytes() == files[name] for name in PACKAGE)


def test_the_sdist_is_the_package_and_what_builds_it(built: Path) -> None:
    """Nothing of the platform comes along, and nothing that another machine would miss."""
    with tarfile.open(built / f"{STEM}.tar.gz") as sdist:
        names = {name.removeprefix(f"{STEM}/") for name in sdist.getnames()}

    assert PACKAGE | {*backend.BESIDE, "PKG-INFO"} == names


def test_an_empty_python_receives_with_the_wheel_alone(built: Path) -> None:
    """No other package may be needed: `-I -S` leaves the standard library and this file."""
    wheel = built / f"{STEM}-py3-none-any.whl"
    first_here = f"import sys; sys.path.insert(0, {str(wheel)!r}); exec(sys.argv[1])"

    value, code, found, modules = printed(sys.executable, "-I", "-S", "-c", first_here, RECEIVES)

    assert "2432232314" == value
    assert "wrong_signature" == code
    assert wheel in Path(found).parents
    assert "['__main__', 'penstock']" == modules


def test_pip_builds_the_same_wheel_from_the_sdist_without_a_registry(
    built: Path, tmp_path: Path
) -> None:
    """Who installs no binaries still needs no build tool, and can compare the hashes."""
    pip = (sys.executable, "-m", "pip", "wheel", "--no-index", "--quiet", "--wheel-dir", tmp_path)

    printed(*pip, built / f"{STEM}.tar.gz")

    [wheel] = tmp_path.iterdir()
    assert (built / wheel.name).read_bytes() == wheel.read_bytes()


def test_a_build_of_the_same_sources_has_the_same_bytes(built: Path, tmp_path: Path) -> None:
    """Only then can somebody else check that a wheel was made of the sources that he has read."""
    root = tmp_path / "elsewhere"
    shutil.copytree(ROOT / "penstock", root / "penstock")
    shutil.copyfile(ROOT / "LICENSE", root / "LICENSE")
    for path in root.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)

    again = build(tmp_path / "again", root=root)

    assert [(built / path.name).read_bytes() for path in again] == [
        path.read_bytes() for path in again
    ]


def test_what_lies_about_in_the_folder_is_not_packed(built: Path, tmp_path: Path) -> None:
    """An editor's copy, a key or bytecode of a developer's machine is nobody else's business."""
    shutil.copytree(ROOT / "penstock", tmp_path / "penstock")
    shutil.copyfile(ROOT / "LICENSE", tmp_path / "LICENSE")
    for name in ("webhooks.py~", "secret.pem", "__pycache__/webhooks.cpython-311.pyc"):
        (tmp_path / "penstock" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "penstock" / name).write_bytes(b"x")

    wheel, _ = build(tmp_path / "again", root=tmp_path)

    assert (built / wheel.name).read_bytes() == wheel.read_bytes()


def test_the_metadata_is_valid_and_names_no_dependency(built: Path) -> None:
    """Installers and registries refuse metadata that breaks the specification."""
    with zipfile.ZipFile(built / f"{STEM}-py3-none-any.whl") as wheel:
        metadata = Metadata.from_email(wheel.read(f"{STEM}.dist-info/METADATA"), validate=True)

    assert "penstock-receiver" == metadata.name
    assert "Apache-2.0" == metadata.license_expression
    assert ['cryptography; extra == "ed25519"'] == [
        str(each) for each in metadata.requires_dist or ()
    ]
    assert (backend_folder() / "README.md").read_text("utf-8") == metadata.description


def test_it_has_the_version_and_the_python_of_the_repository() -> None:
    """Who reports a fault names a version, and there is only one."""
    own, ours = _project(backend_folder()), _project(ROOT)

    assert ours["version"] == own["version"]
    assert ours["requires-python"] == own["requires-python"]


def test_the_readme_receives() -> None:
    """The page that a registry shows is the first that anybody tries."""
    code = (backend_folder() / "README.md").read_text("utf-8").split("```")[1]
    names: dict[str, Any] = {}
    exec(code.removeprefix("python\n"), names)  # noqa: S102 - our own page
    now = datetime.now(tz=UTC)
    headers = {
        "webhook-id": ID,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET_A).sign(ID, now, BODY.decode()),
    }

    assert json.loads(BODY) == names["verified"](BODY, headers)
    assert names["verified"](BODY + b" ", headers) is None


def test_the_command_prints_the_hash_of_each_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`sha256sum --check` reads it, and pip takes it as `--hash`."""
    main([str(tmp_path)])

    assert [
        f"{tmp_path}/{STEM}-py3-none-any.whl",
        f"{tmp_path}/{STEM}.tar.gz",
    ] == [line.split("  ")[1] for line in capsys.readouterr().out.splitlines()]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A traceback would not say which."""
    (tmp_path / "file").touch()

    with pytest.raises(SystemExit, match=r"receiver: .*file"):
        main([str(tmp_path / "file")])


def backend_folder() -> Path:
    """Where the metadata lies."""
    return Path(backend.__file__).parent


def _project(folder: Path) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))[
        "project"
    ]
    return project
