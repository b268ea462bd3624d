"""Compares hubexplore with tensorflow_hub 0.15 and with the floor: the work that TensorFlow has to do anyway.

Run `python -m benchmarks` in the root of the project; `--quick` uses small models, `--json FILE` also writes
the figures to a file. Everything generated or installed goes to `build/`.

`__main__` prints the tables. `subjects` lists the modules that are measured, which `models`, `inception`,
`albert` and `large` generate. `rounds` measures inside this process, `processes` in new ones that run
`child`, such as `display_times` and `long_session`. `tensorflow_floor` is the floor, `peer` is
tensorflow_hub, `report` formats rows and targets, and `folders` names the folders that are read and written.
"""
