"""The search for the mistake that explains a wrong gradient."""
