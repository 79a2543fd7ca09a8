"""Keep and show profiles."""
