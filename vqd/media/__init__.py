"""Pictures and clips: probing, thumbnails, the report."""
