"""A report as HTML, for notebooks and files: no scripts, nothing loaded, every text escaped."""
