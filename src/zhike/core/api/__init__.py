"""What every endpoint shares: one way to answer, one way to refuse, one description of both."""
