"""Workflow definitions and their graphs."""
