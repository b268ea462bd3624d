"""The result of a map as Parquet files in a folder, which survive a kill at any moment.

| file | what it is |
| --- | --- |
| `part-00000.parquet`, ... | the results, in the order of the rows; each appears whole, by a rename |
| `_manifest.json` | what was asked: digests of module and data, signature, columns, batch size |
| `_journal.jsonl` | a line for each finished part, and one at the end |
| `_failed/part-00000.parquet`, ... | the rows of a part that failed, where errors are collected |
| `_lock` | locked while a process writes here |

Readers of Parquet folders skip names that begin with an underscore. `manifest.py` compares what is asked with
what was asked, `journal.py` says which parts are finished, `lock.py` keeps a second writer out, `writer.py`
writes parts, and `mapped.py` is the result.
"""
