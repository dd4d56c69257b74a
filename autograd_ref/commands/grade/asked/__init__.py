"""What is asked of a submission, and how its code is called for it."""
