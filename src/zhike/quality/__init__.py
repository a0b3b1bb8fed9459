"""How good the records are: figures with their trend, rules, and a work list."""
