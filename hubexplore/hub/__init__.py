"""The `hub.Module` API on TensorFlow: spec, authoring, state graph, apply graph, export, handles."""
