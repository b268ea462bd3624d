"""Which ops of a signature another format lacks, and where to cut so that the rest can be converted.

`onnx` and `litert` say what their converters lack, `obstacles` finds it in a graph, `cut_advice` finds the
cut.
"""
