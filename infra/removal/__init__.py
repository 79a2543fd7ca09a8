"""`make removal`: takes each statement of each role away, and sees what then fails."""
