"""Names the files and folders of a local cloud. All of them are under one folder of the project."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
CLOUD_VENV: Final = ROOT / ".cloud" / "venv"
# Begins the name of the folder, beside the warehouse's database, that its COPY reads into.
SCRATCH: Final = "copy-"


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one local cloud. Two local clouds share no file, no port and no process."""

    root: Path = ROOT / ".local"

    @property
    def state_file(self) -> Path:
        """Says which processes run and where they listen. The command line reads it."""
        return self.root / "state.json"

    @property
    def lock_file(self) -> Path:
        """Locked while a command brings the cloud up or down."""
        return self.root / "lock"

    @property
    def logs(self) -> Path:
        """The folder with the output of each process."""
        return self.root / "logs"

    @property
    def scratch(self) -> Path:
        """TMPDIR of every process of the cloud; `down` empties it."""
        return self.root / "tmp"

    @property
    def home(self) -> Path:
        """HOME of every process of the cloud, so that none writes into the user's own."""
        return self.root / "home"

    @property
    def data(self) -> Path:
        """The emulators' files. `up` and `down` empty it, because the cloud itself is in memory."""
        return self.root / "data"

    @property
    def state(self) -> Path:
        """What the emulator keeps: what the template deploys in JSON, its contents in a journal."""
        return self.data / "state"

    @property
    def usage_file(self) -> Path:
        """Which parts of the template were used, and how; `infra.local.usage` reads it."""
        return self.data / "usage.jsonl"

    @property
    def build(self) -> Path:
        """The folder with the built template and bundles."""
        return self.root / "build"

    def prepare(self) -> None:
        """Make the folders. Only the user can open them, because the state has an API key."""
        for folder in (self.root, self.logs, self.scratch, self.home, self.data):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
