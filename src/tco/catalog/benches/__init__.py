"""Files of benchmark tools, read as what they say."""
