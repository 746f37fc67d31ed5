"""What we claim, measured beside peers on the same work in the same run: `python -m benchmarks`."""
