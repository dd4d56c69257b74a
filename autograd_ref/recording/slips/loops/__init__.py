"""Wrong steps in loops, where one turn hands its state to the next."""
