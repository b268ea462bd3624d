"""The graph tab: scopes unfold, ops show what they are and what they compute."""
