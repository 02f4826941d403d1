"""A corpus of your own, from a table or from Kaldi directories."""
