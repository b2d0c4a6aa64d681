"""Everything known about ComfyUI's protocol."""
