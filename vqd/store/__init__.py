"""The queue's memory; the only room that knows SQLite."""
