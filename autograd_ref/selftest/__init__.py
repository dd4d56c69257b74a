"""What the check finds, names and lets pass on this installation, measured."""
