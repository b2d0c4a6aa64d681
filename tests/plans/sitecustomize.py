"""Under a process of a test: writes down every statement that it puts to SQLite."""

import os

from tests.plans import statements

if path := os.environ.get("STATEMENTS"):
    statements.keep(path)
