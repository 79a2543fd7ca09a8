"""Takes a worker's rights away before it runs user code; the same for both engines."""
