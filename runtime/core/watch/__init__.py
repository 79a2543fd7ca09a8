"""How an installation's queues are watched."""
