"""What an admin has set for a whole installation."""
