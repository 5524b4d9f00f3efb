"""A model that no catalog has, read from its `config.json`."""
