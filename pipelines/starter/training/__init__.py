"""Trains the starter model from nothing but rendered pictures; `python -m pipelines.starter.training --help`."""
