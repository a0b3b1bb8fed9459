"""The kernel without models: who acts, what they may do, what happened, how pages and lists are shown."""
