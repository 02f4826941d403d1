"""Knowledge distillation for speech enhancement, as an ESPnet extension."""

__version__ = "0.1.0"
