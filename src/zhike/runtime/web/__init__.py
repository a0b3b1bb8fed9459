"""The web server: whole requests go to the application's threads, and whole answers are taken off them."""
