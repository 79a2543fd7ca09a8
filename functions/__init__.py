"""Lambda entry points: decode, one use case, encode."""
