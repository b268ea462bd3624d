"""From unfolded scopes to the boxes, groups and edges of an outline."""
