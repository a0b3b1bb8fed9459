"""Working days: the public holidays, make-up working days, and what the company decides otherwise."""
