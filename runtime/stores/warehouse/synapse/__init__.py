"""A dedicated SQL pool of Azure Synapse as a destination of syncs."""
