"""The requirements of a submission, and how its code is called."""
