"""Code that reads, checks, prepares and generates corpora."""
