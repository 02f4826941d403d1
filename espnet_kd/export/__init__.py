"""Export trained models to stock ESPnet and to ONNX."""
