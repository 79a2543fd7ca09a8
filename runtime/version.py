"""The version of this code, as its tag says it; `docs/howto/release.md` says when it changes."""

from typing import Final

VERSION: Final = "0.1.0"
