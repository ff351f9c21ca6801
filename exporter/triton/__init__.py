"""A bundle as a Triton model repository; needs neither torch nor onnx."""
