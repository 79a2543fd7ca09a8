"""Creating and starting imports, and doing a page of one."""
