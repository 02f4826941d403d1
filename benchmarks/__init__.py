"""Benchmarks of time and memory; `make bench` runs them and writes RESULTS.md."""
