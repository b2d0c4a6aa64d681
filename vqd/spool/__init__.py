"""The folders: where things lie and how they move."""
