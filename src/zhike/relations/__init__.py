"""Who belongs to whom: companies and their parents, people and where they work, households, referrals."""
