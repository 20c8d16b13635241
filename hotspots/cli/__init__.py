"""The command line: each command parses, calls and prints, and imports what it computes with only when it runs."""
