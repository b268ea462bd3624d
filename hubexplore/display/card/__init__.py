"""The card of a module: its sections as data, and the card as HTML and as text."""
