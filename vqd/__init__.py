"""vqd turns a folder into a render queue for ComfyUI."""

__version__ = "0.1.0"
