"""How Penstock is built, deployed and run locally."""
