"""Log-in, what people set for themselves, and what administrators set for all."""
