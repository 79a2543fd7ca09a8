"""What the audit log keeps of a change, and what it leaves out."""
