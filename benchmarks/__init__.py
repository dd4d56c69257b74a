"""Speed, memory, accuracy and detection beside other tools: `python -m benchmarks --help`."""
