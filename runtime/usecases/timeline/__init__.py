"""Show what happened to a person."""
