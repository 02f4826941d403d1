"""Running the recipe's jobs."""
