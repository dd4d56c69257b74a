"""What a search or a derivative may cost, and how far it is, for whoever waits."""
