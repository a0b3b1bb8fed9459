"""Products, orders, lines and refunds: the facts of purchase."""
