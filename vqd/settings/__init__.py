"""What can be set, read from files, the environment and flags; it stops at the daemon and the CLI.

Nothing is imported here: who reads the files alone (`files`, `layers`) does without pydantic.
"""
