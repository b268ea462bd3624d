"""The cache as a whole: what is in it, what of it is damaged or old, and how it gets to another machine."""
