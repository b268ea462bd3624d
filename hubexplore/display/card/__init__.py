"""The card of a module: its sections as data, and the card as HTML and as text.

`content` builds the card from a summary: `signature_sections`, `detail_sections` and `variable_tree` make its
sections of the parts in `blocks`, each within a budget of rows and bytes (`limits`). `html` and `text` render
the finished card and decide nothing about its content.
"""
