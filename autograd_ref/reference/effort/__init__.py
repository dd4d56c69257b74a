"""The time and memory that a search or a derivative may take, and the bar that shows it."""
