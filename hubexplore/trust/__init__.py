"""Which modules with dangers the user trusts, and what happens with the others.

`gate.py` decides: it refuses a module, warns of it, or lets it pass. `content.py` has the digest by which a
module is recognized, `trusted.py` the user's file of trusted digests.
"""
