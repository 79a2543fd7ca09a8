"""What a profile is, and how changes that arrive in any order merge into it."""
