"""What a webhook is: its rules, its secrets and signatures, and the logins of its endpoint."""
