"""The fuzzer of the border: hostile records without end, under limits of time and memory."""
