"""Personal information: what is kept about whom and why, what people asked for, and how it goes away for good."""
