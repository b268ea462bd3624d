"""Scripts for processes of their own, which need nothing of this package.

Each is called as `python SCRIPT KIND FOLDER`. It imports what its kind needs, reads one line of JSON from
standard input, and writes `FOLDER/answer.json`. When standard input ends, so does the process: nobody waits
for it.
"""
