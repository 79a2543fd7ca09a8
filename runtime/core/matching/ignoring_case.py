"""Compares texts without regard to case, character by character, as EventBridge does.

A character of the pattern matches itself, its lower-case form and its upper-case form. Each form is
made from that character alone. Lower-casing whole texts would be wrong: how the last letter of
`ΟΔΟΣ` is lower-cased depends on what follows, so `ΟΔΟΣΑ` would not begin with `ΟΔΟΣ`. The forms
come from the pattern, not from the event: `SS` matches the pattern `ß`, but `ß` does not match the
pattern `ss`.
"""


def key(text: str) -> str:
    """A key that two texts share whenever they match; it is made character by character.

    Some texts that do not match share a key, too, so equal keys only name candidates.
    """
    return text.lower() if text.isascii() else text.upper().casefold()


def equals(text: str, pattern: str) -> bool:
    """Whether the whole text equals `pattern`, ignoring case."""
    return _end_of_start(text, pattern) == len(text)


def starts_with(text: str, pattern: str) -> bool:
    """Whether the text begins with `pattern`, ignoring case."""
    return _end_of_start(text, pattern) is not None


def ends_with(text: str, pattern: str) -> bool:
    """Whether the text ends with `pattern`, ignoring case."""
    end = len(text)
    for character in reversed(pattern):
        for form in forms(character):
            if text.endswith(form, 0, end):
                end -= len(form)
                break
        else:
            return False
    return True


def _end_of_start(text: str, pattern: str) -> int | None:
    """How many characters of the text match `pattern`; None if the text does not begin with it."""
    end = 0
    for character in pattern:
        for form in forms(character):
            if text.startswith(form, end):
                end += len(form)
                break
        else:
            return None
    return end


def forms(character: str) -> tuple[str, str, str]:
    """The texts that match this character. None of them begins or ends with a different one."""
    return character, character.lower(), character.upper()
