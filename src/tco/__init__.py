"""What serving language models costs: closed API, hosted open model, or one's own GPUs."""

__version__ = "0.1.0"
