"""What a function, its versions and its runs are, and what a run may do."""
