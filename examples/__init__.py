"""Working examples: a real order log, and functions to start from. Nothing shipped imports them."""
