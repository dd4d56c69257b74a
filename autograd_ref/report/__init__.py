"""The report as data, text, JSON and HTML."""
