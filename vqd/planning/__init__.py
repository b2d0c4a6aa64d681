"""One job in, its prompts out. Pure."""
