"""What needs a kernel: session, magics, explorer. Only here is IPython imported."""
