"""Every option of the program, its range, and where it may be set."""
