"""Decisions about the fields of records; the only place that writes their tables."""
