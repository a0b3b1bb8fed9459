"""Users, teams, roles, tokens and preferences; builds the actor that core checks."""
