"""What was deleted or changed, and the ways back."""
