"""Where the local cloud keeps its state: everything is under one folder of the project."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
CLOUD_VENV: Final = ROOT / ".cloud" / "venv"


@dataclass(frozen=True, slots=True)
class Place:
    """One local cloud's folder; two of them never share a file, a port or a process."""

    root: Path = ROOT / ".local"

    @property
    def state_file(self) -> Path:
        """What is running and where it listens; the command line reads it."""
        return self.root / "state.json"

    @property
    def lock_file(self) -> Path:
        """Held while the cloud goes up or down."""
        return self.root / "lock"

    @property
    def logs(self) -> Path:
        """Output of each process."""
        return self.root / "logs"

    @property
    def scratch(self) -> Path:
        """TMPDIR of everything we start; emptied by `down`."""
        return self.root / "tmp"

    @property
    def home(self) -> Path:
        """HOME of everything we start, so that nothing lands in the user's."""
        return self.root / "home"

    @property
    def data(self) -> Path:
        """What the emulators store; emptied by `up` and `down`: the cloud lives in memory."""
        return self.root / "data"

    @property
    def usage_file(self) -> Path:
        """What the parts of the template were used for; `infra.local.usage` reads it."""
        return self.data / "usage.jsonl"

    @property
    def build(self) -> Path:
        """The built template and bundles."""
        return self.root / "build"

    def prepare(self) -> None:
        """Make the folders, private to the user: the state holds an API key."""
        for folder in (self.root, self.logs, self.scratch, self.home, self.data):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
