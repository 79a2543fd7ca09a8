"""What a sync is, which rows it loads next, and by which SQL statements."""
