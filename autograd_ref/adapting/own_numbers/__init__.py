"""The numbers that code has beside a gradient: its learning rate, its loss, its updates."""
