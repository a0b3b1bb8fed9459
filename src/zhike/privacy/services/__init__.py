"""Decisions about personal information; the only place that writes this app's tables."""
