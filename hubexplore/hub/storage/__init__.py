"""Modules on disk: loading, checkpoints, assets and export."""
