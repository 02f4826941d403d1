"""Scores of enhancement and of recognition, their uncertainty, and the tables that show them."""
