"""Price lists that other projects publish, read as they are."""
