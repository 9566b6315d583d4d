"""The page at `/api/docs`, written from the OpenAPI document. Plain HTML: it needs no network and runs no script."""

import json
from html import escape

_STYLE = """
:root { color-scheme: light dark; --page: #fbfaf8; --card: #fff; --text: #262421; --quiet: #57534c; --line: #d3cfc7;
  --accent: #5a4fcf; }
@media (prefers-color-scheme: dark) { :root { --page: #121110; --card: #1a1917; --text: #f4f2ee; --quiet: #a09b92;
  --line: #3b3834; --accent: #b1abf7; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 60rem; background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, sans-serif; }
a { color: var(--accent); }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.2rem; }
details { background: var(--card); border: 1px solid var(--line); border-radius: 10px; margin: .5rem 0; }
summary { padding: .65rem .9rem; cursor: pointer; overflow-wrap: anywhere; }
summary:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
details > div { padding: 0 .9rem .9rem; }
.method { display: inline-block; min-width: 4.2rem; font: 600 .8rem ui-monospace, monospace; color: var(--accent); }
code, pre { font: .86rem/1.5 ui-monospace, monospace; }
pre { overflow-x: auto; margin: .5rem 0; padding: .7rem; border: 1px solid var(--line); border-radius: 8px;
  background: var(--page); }
.quiet { color: var(--quiet); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; font-size: .85rem; color: var(--quiet); }
.scroll { overflow-x: auto; }
"""


def page(document: dict) -> str:
    """The whole reference as HTML: every address under its tag, with fields, answers and a line for curl."""
    schemas = document.get("components", {}).get("schemas", {})
    tags: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["Studio"])[0]
            tags.setdefault(tag, []).append(_operation(f"/api{path}", method, operation, schemas))
    sections = "".join(f"<h2>{escape(tag)}</h2>{''.join(rows)}" for tag, rows in tags.items())
    shapes = "".join(
        f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary><div>'
        f"{_text(schema.get('description', ''))}{_fields(schema, schemas)}</div></details>"
        for name, schema in schemas.items()
    )
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head><body>'
        f"<h1>{title}</h1>{_text(document['info'].get('description', ''))}"
        f'<p>The same as a document for tools: <a href="/api/v1/openapi.json">/api/v1/openapi.json</a></p>'
        f"{sections}<h2>Shapes</h2>{shapes}</body></html>"
    )


def _text(words: str) -> str:
    return "".join(f"<p>{escape(part)}</p>" for part in words.split("\n\n") if part.strip())


def _operation(path: str, method: str, operation: dict, schemas: dict) -> str:
    parts = [_text(operation.get("description", ""))]
    parameters = operation.get("parameters", [])
    if parameters:
        rows = [
            (one["name"], one["in"], _kind(one.get("schema", {})), one.get("description", "")) for one in parameters
        ]
        parts.append(_table(("parameter", "in", "type", ""), rows))
    body = _json_schema(operation.get("requestBody", {}))
    if body:
        parts.append(f"<p>Body: {_link(body)}</p>{_fields(_resolved(body, schemas), schemas)}")
    for status, told in operation.get("responses", {}).items():
        if status.startswith("2"):
            shape = _json_schema(told)
            what = _link(shape) if shape else escape(", ".join(told.get("content", {})) or "no body")
            parts.append(f"<p>Answers {escape(status)}: {what}</p>")
    files = "multipart/form-data" in operation.get("requestBody", {}).get("content", {})
    if files:
        parts.append("<p>Body: the form field <code>file</code>, or the bare file.</p>")
    parts.append(f"<pre>{escape(_curl(path, method, body, files, schemas))}</pre>")
    return (
        f'<details><summary><span class="method">{method.upper()}</span><code>{escape(path)}</code> '
        f'<span class="quiet">{escape(operation.get("summary", ""))}</span></summary>'
        f"<div>{''.join(parts)}</div></details>"
    )


def _json_schema(holder: dict) -> dict:
    return holder.get("content", {}).get("application/json", {}).get("schema", {})


def _resolved(schema: dict, schemas: dict) -> dict:
    return schemas.get(schema["$ref"].rpartition("/")[2], {}) if "$ref" in schema else schema


def _kind(schema: dict) -> str:
    """The type of one field in a few words."""
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(json.dumps(one) for one in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    limits = [f"{word} {schema[key]:g}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
    return " ".join([kind, *limits])


def _link(schema: dict) -> str:
    kind = _kind(schema)
    return f'<a href="#{escape(kind)}"><code>{escape(kind)}</code></a>' if "$ref" in schema else escape(kind)


def _fields(schema: dict, schemas: dict) -> str:
    rows = []
    for name, field in schema.get("properties", {}).items():
        needed = "needed" if name in schema.get("required", []) else ""
        default = f"default {json.dumps(field['default'])}" if field.get("default") not in (None, "") else ""
        rows.append((name, _kind(field), " ".join(filter(None, (needed, default, field.get("description", ""))))))
    return _table(("field", "type", ""), rows) if rows else ""


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    heads = "".join(f"<th>{escape(one)}</th>" for one in head)
    cells = "".join(
        f"<tr><td><code>{escape(row[0])}</code></td>{''.join(f'<td>{escape(one)}</td>' for one in row[1:])}</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><tr>{heads}</tr>{cells}</table></div>'


def _curl(path: str, method: str, body: dict, files: bool, schemas: dict) -> str:
    words = ["curl"] + ([f"-X {method.upper()}"] if method != "get" else [])
    if files:
        words.append("-F file=@<file>")
    elif body:
        needed = _resolved(body, schemas)
        example = {name: f"<{name}>" for name in needed.get("required", [])}
        words.append(f"-H 'Content-Type: application/json' -d '{json.dumps(example)}'")
    return " ".join([*words, f"http://127.0.0.1:7860{path}"])
