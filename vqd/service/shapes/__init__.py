"""The shapes in which programs are told of the queue: over the API, and by `--json`."""
