"""Methods: pure functions from tables to results, which read no files. Each room is a page of docs/methods."""
