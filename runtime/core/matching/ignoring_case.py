"""Texts compared without regard to case, character by character, as EventBridge does it.

A wanted character is matched by itself, by its lower-case form and by its upper-case form, each
made of that character alone. Lower-casing whole texts would not do: the last letter of `ΟΔΟΣ` then
depends on whether more follows, so `ΟΔΟΣ` would be no beginning of `ΟΔΟΣΑ`. The forms are those of
the wanted text, not of the event's: `SS` matches a wanted `ß`, but `ß` matches no wanted `ss`.
"""


def key(text: str) -> str:
    """The same for every text that matches another, and made character by character.

    Some texts that do not match have the same key, too, so it only finds candidates.
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
    """How many characters of the text `pattern` takes, if the text begins with it."""
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
    """The texts that match this character; none of them begins or ends with another."""
    return character, character.lower(), character.upper()
