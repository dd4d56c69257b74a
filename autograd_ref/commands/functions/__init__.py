"""A user's own function: loaded, called in the convention that it expects, blamed by its lines."""
