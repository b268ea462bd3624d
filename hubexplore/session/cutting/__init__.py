"""Cuts of modules in a session, and the check that they give what the module gives."""
