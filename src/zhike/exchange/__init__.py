"""The import and export engine; apps register what can be exchanged."""
