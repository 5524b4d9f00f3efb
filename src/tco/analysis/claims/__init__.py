"""What articles claim, recomputed."""
