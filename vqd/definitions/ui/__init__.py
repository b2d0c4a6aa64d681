"""Graphs as ComfyUI's page saves them, converted to the API format.

What the page does when it sends a prompt is done here again, from its sources (ComfyUI_frontend
1.58, `graphToPrompt` and `ExecutableNodeDTO`); where it would send what no server runs, or lose a
value that the file holds, this says so or keeps the value.
"""
