"""`tco catalog check`: one module for each family of rules, and `run`, which applies them."""
