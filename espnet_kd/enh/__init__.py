"""What ESPnet sees: model, separators, preprocessor."""
