"""Decisions about customers; the only place that writes their tables."""
