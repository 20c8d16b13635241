"""Time and memory of Hotspots beside what a user would pick instead: `python -m benchmarks`."""
