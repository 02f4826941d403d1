"""The classes that ESPnet calls: model, separators and preprocessor."""
