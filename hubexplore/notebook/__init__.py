"""What needs a kernel: the session's magics. The only importer of IPython."""
