"""The log-in page: one form, no script. It stands alone because nothing else may be served before it."""

from html import escape

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Log in · Character Studio</title>
<style>
:root {{ color-scheme: light dark; --page: #fbfaf8; --card: #fff; --text: #262421; --quiet: #57534c; --line: #d3cfc7;
  --accent: #5a4fcf; --bad: #a3262a; }}
@media (prefers-color-scheme: dark) {{ :root {{ --page: #121110; --card: #1a1917; --text: #f4f2ee; --quiet: #a09b92;
  --line: #3b3834; --accent: #b1abf7; --bad: #ff9c98; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--page);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif; }}
main {{ width: 100%; max-width: 22rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  padding: 2rem; }}
h1 {{ font-size: 1.25rem; margin: 0 0 .25rem; }}
p {{ margin: 0 0 1.25rem; color: var(--quiet); }}
p.bad {{ color: var(--bad); }}
label {{ display: block; font-size: .9rem; margin-bottom: 1rem; }}
input {{ display: block; width: 100%; margin-top: .3rem; padding: .6rem .7rem; font: inherit; color: inherit;
  background: var(--page); border: 1px solid var(--line); border-radius: 8px; }}
button {{ width: 100%; padding: .65rem; font: inherit; font-weight: 600; border: 0; border-radius: 8px;
  color: var(--card); background: var(--accent); cursor: pointer; }}
:focus-visible {{ outline: 2px solid var(--accent); outline-offset: 2px; }}
</style></head>
<body><main><h1>Character Studio</h1>
{note}
<form method="post" action="/login">
<input type="hidden" name="next" value="{wanted}">
<label>Name<input name="username" autocomplete="username" autofocus required></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button>
</form></main></body></html>
"""


def page(wanted: str, error: str = "") -> str:
    """The page as HTML. `wanted` is the path to go to afterwards, `error` what went wrong with the last try."""
    told = "Whoever started the studio has the name and password."
    note = f'<p class="bad" role="alert">{escape(error)}</p>' if error else f"<p>{told}</p>"
    return _PAGE.format(wanted=escape(wanted, quote=True), note=note)
