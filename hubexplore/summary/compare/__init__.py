"""What differs between two graph variants or two modules, and whether one can replace the other."""
