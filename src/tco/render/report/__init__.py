"""A report for a meeting: one HTML file that needs no network."""
