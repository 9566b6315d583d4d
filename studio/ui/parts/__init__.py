"""Pieces of page that several tabs use. Each hands back components or safe HTML and knows no service."""
