"""What a sync loads, in which order, by which statements."""
