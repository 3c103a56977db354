"""Side by side measurements, each a command: ``python -m benchmarks.start``, or all with ``python -m benchmarks``."""
