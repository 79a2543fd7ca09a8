"""What to say of a name that nobody knows: which known one is nearest."""

import difflib
from collections.abc import Collection


def nearest(name: str, known: Collection[str]) -> str:
    """The known name that is most like this one, if any is, and all of the known ones."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    question = f"did you mean {close[0]}? " if close else ""
    return f"{question}Known are {', '.join(known)}"
