"""What people open: drawn and written from results, with nothing computed."""
