"""What changes findings, rules and records."""
