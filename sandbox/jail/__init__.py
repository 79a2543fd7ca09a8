"""What a worker gives up before it sees a line of user code, for every engine alike."""
