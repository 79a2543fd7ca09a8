"""Update and show profiles."""
