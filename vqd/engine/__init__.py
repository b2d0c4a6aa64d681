"""The built-in ComfyUI-compatible server; a stranger to the rest."""
