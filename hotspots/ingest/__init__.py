"""Files to tables: bytes to columns, texts to values, columns to incidents, and reference data."""
