"""What `penstock doctor` looks at in an installed stack: the calls, the judgements, the report."""
