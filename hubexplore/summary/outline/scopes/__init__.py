"""Which name scopes of a data flow are one box, and which are unfolded."""
