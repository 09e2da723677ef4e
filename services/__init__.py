"""Services: one file is one process; they meet in topics and tables, never in imports."""
