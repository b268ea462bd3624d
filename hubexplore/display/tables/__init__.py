"""Tables as data, as HTML, as aligned text and as data frames."""
