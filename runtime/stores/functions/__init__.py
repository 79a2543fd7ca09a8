"""Where functions and runs are kept, and how the sandbox is called."""
