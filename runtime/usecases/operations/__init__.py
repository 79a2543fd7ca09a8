"""What an admin does to a whole installation."""
