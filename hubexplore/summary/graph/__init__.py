"""GraphDef messages, the definitions of TensorFlow's ops, and algorithms on both."""
