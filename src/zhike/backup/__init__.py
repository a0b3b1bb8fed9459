"""Backups: one encrypted file, proved by restoring it, and the way back."""
