"""One file per tab: a class with `id`, `title`, `layout()` and `wire()`. Tabs never import tabs."""
