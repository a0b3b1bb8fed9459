"""What people read of the history."""
