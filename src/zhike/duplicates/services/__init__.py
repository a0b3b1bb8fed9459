"""Decisions about duplicates; the only place that writes this app's tables."""
