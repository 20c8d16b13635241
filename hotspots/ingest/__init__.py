"""Files to tables: bytes to columns, texts to values, columns to incidents, and what incidents are held against."""
