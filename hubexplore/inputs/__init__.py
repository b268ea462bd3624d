"""What a trial run needs: fields of a form, values from what people type or bring, examples, code."""
