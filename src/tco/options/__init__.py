"""A scenario and a catalog make options; an option has a bill and a curve."""
