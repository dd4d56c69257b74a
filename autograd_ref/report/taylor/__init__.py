"""The Taylor test of a report, as numbers, as text and as a picture."""
