"""Export trained models to stock ESPnet."""
