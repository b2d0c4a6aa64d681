"""The browser's door: the API and the page, over HTTP."""
