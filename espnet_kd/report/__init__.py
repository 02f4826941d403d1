"""Result pages, tables and figures generated from scores."""
