"""A quota in memory."""


class Left:
    """A quota of which so much is left, whoever asks."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.counted: list[tuple[str, int]] = []  # each call's tenant, and how many it counted

    def __call__(self, tenant: str, /, *, count: int) -> int:
        """Take as much as there is."""
        if count:
            self.counted.append((tenant, count))
        allowed = min(self.left, count)
        self.left -= allowed
        return allowed
