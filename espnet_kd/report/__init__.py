"""Pages, tables and figures made from scores."""
