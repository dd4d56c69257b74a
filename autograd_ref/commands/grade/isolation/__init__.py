"""A submission in a process of its own: limited, watched, ended with all that it has started."""
