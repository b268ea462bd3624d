"""Variables in the Variables tab: the list that is filtered, their values, and another module beside them."""
