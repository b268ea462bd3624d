"""What each op says of the sizes of its inputs and outputs, a file for each family of ops."""
