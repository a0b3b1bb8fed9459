"""One thing done to many customers: edit, assign, tag, delete. Looked at before, done beside, taken back after."""
