"""The version of the policy. Raise it when code that is cached must be compiled again."""

from typing import Final

POLICY: Final = "3"
