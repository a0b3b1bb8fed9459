"""The home folder, the embedded PostgreSQL and the processes around it. No Django."""
