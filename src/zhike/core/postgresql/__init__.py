"""Django's PostgreSQL, which also tells the database who acts."""
