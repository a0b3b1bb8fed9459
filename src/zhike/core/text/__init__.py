"""Normal forms, readings and search pieces of names and identifiers."""
