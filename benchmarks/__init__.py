"""What things cost in time: `make bench` measures it into RESULTS.md."""
