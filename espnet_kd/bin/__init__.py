"""Commands; each parses its arguments and calls the package."""
