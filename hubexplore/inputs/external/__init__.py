"""Values from outside: files and objects of the notebook.

`sources` decides what a file or object is and calls its reader: `npy_files`, `csv_reader`, `tf_records`,
`picture_arrays` (pictures as numbers), `picture_files` (pictures as bytes) or `notebook_objects`. The readers
return arrays; only `conversion` turns an array into the dtype and shape of an input.
"""
