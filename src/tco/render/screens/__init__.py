"""One module a family of answers: its rows and blocks as a `Screen`."""
