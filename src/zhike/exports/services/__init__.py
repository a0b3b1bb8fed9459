"""Decisions about exports, by noun."""
