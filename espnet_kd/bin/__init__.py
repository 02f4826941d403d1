"""Commands: parse arguments, call, exit."""
