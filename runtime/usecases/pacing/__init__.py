"""Decide which deliveries and runs may be tried now, and put the others off."""
