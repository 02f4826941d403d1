"""Trained models in the form others load."""
