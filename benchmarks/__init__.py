"""Measures hubexplore against tensorflow_hub 0.15 and against what TensorFlow cannot do without.

`python -m benchmarks` from the project's root; `--quick` for a short look, `--json FILE` for the
numbers. Everything generated or installed goes to `build/`.
"""
