"""Enhancement of a signal while it arrives. See docs/streaming.md."""
