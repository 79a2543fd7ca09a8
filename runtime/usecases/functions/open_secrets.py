"""Open the secrets of a function, for its runs."""

from collections.abc import Callable

from runtime.core.functions.function import Function

Unseal = Callable[[str, str], str]  # decrypts for a tenant: (tenant, ciphertext)


def open_secrets(function: Function, *, unseal: Unseal) -> dict[str, str]:
    """The values of its secrets by name, without the secrets that have no value."""
    return {
        name: unseal(function.tenant, secret.sealed)
        for name, secret in function.secrets.items()
        if secret.sealed is not None
    }
