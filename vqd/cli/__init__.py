"""The shell's door: verbs, what they print, and their exit codes."""
