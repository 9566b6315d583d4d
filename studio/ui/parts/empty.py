"""Header, empty states and small badges as HTML. Every value is escaped here."""

import html

LOGO = (
    '<svg class="logo" viewBox="0 0 32 32" aria-hidden="true">'
    '<rect width="32" height="32" rx="9" fill="var(--primary-600)"/>'
    '<circle cx="16" cy="13" r="5" fill="#fff"/>'
    '<path d="M6.5 27c1.2-5.6 5-8 9.500-8s8.300 2.400 9.500 8z" fill="#fff"/>'
    '<circle cx="24.500" cy="7.500" r="2.500" fill="#ffd166"/></svg>'
)


def header(version: str) -> str:
    """Brand, live queue line and theme switch."""
    return (
        f'<div class="brand">{LOGO}<span class="brand-name">Character Studio</span>'
        f'<span class="brand-version">{html.escape(version)}</span></div>'
        '<div class="brand-right"><span class="queue-line" role="status" aria-live="polite"></span>'
        '<button type="button" class="theme-switch" aria-label="Switch between light and dark">'
        '<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M10 2a8 8 0 1 0 0 16z" fill="currentColor"/>'
        '<circle cx="10" cy="10" r="7.200" fill="none" stroke="currentColor" stroke-width="1.600"/></svg>'
        "</button></div>"
    )


def empty(title: str, what_next: str) -> str:
    """An empty state: what is missing and what to do about it."""
    return (
        f'<div class="empty"><p class="empty-title">{html.escape(title)}</p>'
        f'<p class="empty-next">{html.escape(what_next)}</p></div>'
    )


def notice(text: str, kind: str = "info") -> str:
    """A quiet line above content; `kind` is info, good, warn or bad."""
    return f'<div class="notice {html.escape(kind)}">{html.escape(text)}</div>'


def badge(text: str, kind: str = "") -> str:
    """A small label; `kind` is one of the asset, job or post states."""
    return f'<span class="badge {html.escape(kind)}">{html.escape(text)}</span>'


def facts(pairs: list[tuple[str, str]]) -> str:
    """A list of names and values, as in a recipe. Empty values are left out."""
    rows = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(str(value))}</dd>"
        for name, value in pairs
        if value not in (None, "")
    )
    return f'<dl class="facts">{rows}</dl>'
