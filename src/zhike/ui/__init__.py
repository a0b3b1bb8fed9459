"""Page shell, components, icons and the built front end."""
