"""Facts gathered for an edition, laid into the data files."""
