"""Numbers that somebody's code has beside a gradient: its learning rate, its loss."""
