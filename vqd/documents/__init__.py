"""YAML and JSON read as text with its marks; checked against a schema."""
