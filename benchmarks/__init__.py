"""How this project's parts compare with their peers: `python -m benchmarks --help`."""
