"""Fields that are computed from others of the same record: a small language that means the same in Python and SQL."""
