"""What a webhook is: its rules, its secrets and signatures, and what proves us to its receiver."""
