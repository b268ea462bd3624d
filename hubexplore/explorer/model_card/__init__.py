"""The card that goes with a published module: what is known of it, and places for what only a person knows.

`card` is what users call. `chapters` says what is in a card as data, `example_runs` runs the examples, and
`markdown_card` and `html_card` write it.
"""
