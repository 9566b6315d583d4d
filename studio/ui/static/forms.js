/* Forms drawn from a list of fields, questions in a dialog, and lists of named things that are edited in place.
   Knows fields and values; never what they mean. Text is always set as text. */
(() => {
  "use strict";
  const studio = window.studio, el = studio.el;
  let counter = 0;

  /* Ask before something that cannot be taken back. Resolves to the chosen answer's key, or null on Escape. */
  studio.ask = (title, text, answers) => new Promise((resolve) => {
    const dialog = el("dialog", { class: "ask", "aria-labelledby": "ask-title" });
    const close = (key) => { dialog.close(); dialog.remove(); resolve(key); };
    dialog.append(el("h2", { id: "ask-title" }, title), el("p", {}, text),
      el("div", { class: "ask-answers" }, answers.map(({ key, label, kind }) =>
        el("button", { type: "button", class: `quiet ${kind || ""}`, onclick: () => close(key) }, label))));
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); close(null); });
    document.body.append(dialog);
    dialog.showModal();
  });

  /* One labelled control. field: {name, label, kind, help, choices, placeholder, min, max, step, wide, off, note, suggestions, when: {name, value}} */
  const control = (field, value, changed) => {
    const id = `field-${++counter}`, help = field.help ? `${id}-help` : null;
    const common = { id, name: field.name, "aria-describedby": help, disabled: Boolean(field.off) };
    let node;
    if (field.kind === "area") node = el("textarea", { ...common, rows: field.rows || 2, placeholder: field.placeholder, maxlength: field.longest });
    else if (field.kind === "select") node = el("select", common, (field.choices || []).map((one) => el("option", { value: String(one.value ?? one) }, one.label ?? String(one))));
    else if (field.kind === "check") node = el("input", { ...common, type: "checkbox" });
    else node = el("input", { ...common, type: field.kind === "number" ? "number" : "text", placeholder: field.placeholder, maxlength: field.longest,
      min: field.min, max: field.max, step: field.kind === "number" ? field.step ?? "any" : undefined, autocomplete: "off" });
    if (field.suggestions && field.suggestions.length) node.setAttribute("list", `${id}-list`);
    if (field.kind === "check") node.checked = Boolean(value);
    else node.value = value === null || value === undefined ? "" : String(value);
    node.addEventListener("input", changed);
    node.addEventListener("change", changed);
    const label = el("label", { for: id }, field.label);
    const list = field.suggestions && field.suggestions.length
      ? el("datalist", { id: `${id}-list` }, field.suggestions.map((one) => el("option", { value: one }))) : null;
    return el("div", { class: `field ${field.kind || "text"} ${field.wide ? "wide" : ""} ${field.off ? "off" : ""}` },
      field.kind === "check" ? el("span", { class: "field-check" }, node, label) : [label, node], list,
      field.help && el("p", { class: "field-help", id: help }, field.help),
      field.note && el("p", { class: "field-note" }, field.note), field.extra);
  };

  /* The values of a form by name: numbers as numbers, an empty number as null, a tick as true or false. */
  studio.values = (form, fields) => Object.fromEntries(fields.filter((field) => !field.off && form.elements[field.name]).map((field) => {
    const node = form.elements[field.name];
    if (field.kind === "check") return [field.name, node.checked];
    if (field.kind === "number") return [field.name, node.value.trim() === "" ? null : Number(node.value)];
    return [field.name, node.value];
  }));

  studio.form = (fields, values, { save = "Save", done, cancel, label, changed = () => {} }) => {
    const depend = () => fields.forEach((field, i) => { // a field that needs another's value is hidden without it
      if (field.when) drawn[i].hidden = form.elements[field.when.name].value !== field.when.value;
    });
    const drawn = fields.map((field) => control(field, values[field.name], () => { depend(); changed(); }));
    const form = el("form", { class: "form", "aria-label": label, novalidate: true,
      onsubmit: (event) => { event.preventDefault(); done(studio.values(form, fields)); },
      onkeydown: (event) => { if (event.key === "Escape" && cancel) { event.stopPropagation(); cancel(); } } },
      el("div", { class: "form-fields" }, drawn),
      el("div", { class: "form-buttons" },
        el("button", { type: "submit", class: "quiet main" }, save),
        cancel && el("button", { type: "button", class: "quiet", onclick: cancel }, "Cancel")));
    depend();
    return form;
  };

  /* A list of named things with a form each.
     value: {owner, items: [{id, group, title, text, thumb, badges: [{text, kind}], values}], groups: [{id, title, empty, values}] (or none),
             fields, noun, empty: {title, next}, duplicate}
     Emits select {action: "save" | "remove" | "duplicate", id, values}. A form stays open until the server has accepted it. */
  studio.items = (element, props, trigger, watch) => {
    let open = null, owner = null, sent = false; // open: {id, group} of the form that is shown
    const value = () => props.value || { items: [], fields: [] };
    const start = (id, group) => { open = { id, group }; render(); root().querySelector(".form input, .form textarea, .form select")?.focus(); };
    const root = () => studio.root(element, "items-root");
    const shut = () => { const back = open && open.id; open = null; render(); (back && root().querySelector(`[data-id="${CSS.escape(back)}"] button`) || root().querySelector("button"))?.focus(); };
    const form = (item, group) => studio.form(value().fields, item ? item.values : { ...value().fresh, ...(group ? group.values : {}) }, {
      label: item ? `Edit ${item.title}` : `New ${value().noun}`, save: item ? "Save" : `Add ${value().noun}`, cancel: shut,
      changed: () => { sent = false; },
      done: (values) => { sent = true; trigger("select", { action: "save", id: item ? item.id : null, values }); } });
    const remove = async (item) => {
      const answer = await studio.ask(`Remove “${item.title}”?`, value().removal || "Pictures that were made with it stay.", [{ key: "no", label: "Keep" }, { key: "yes", label: "Remove", kind: "danger" }]);
      if (answer === "yes") trigger("select", { action: "remove", id: item.id, values: {} });
    };
    const card = (item) => open && open.id === item.id ? el("li", { class: "item editing", dataset: { id: item.id } }, form(item))
      : el("li", { class: "item", dataset: { id: item.id } },
        item.thumb ? el("img", { src: item.thumb, alt: "", loading: "lazy", onerror: (event) => event.target.remove() }) : null,
        el("div", { class: "item-words" },
          el("span", { class: "item-title" }, item.title, " ", (item.badges || []).map((one) => el("span", { class: `badge ${one.kind || ""}` }, one.text))),
          item.text && el("span", { class: "item-text" }, item.text)),
        el("div", { class: "item-buttons" },
          value().edit !== false && el("button", { type: "button", class: "quiet", "aria-label": `Edit ${item.title}`, onclick: () => start(item.id) }, "Edit"),
          value().duplicate && el("button", { type: "button", class: "quiet", "aria-label": `Duplicate ${item.title}`, onclick: () => trigger("select", { action: "duplicate", id: item.id, values: {} }) }, "Duplicate"),
          el("button", { type: "button", class: "quiet", "aria-label": `Remove ${item.title}`, onclick: () => remove(item) }, "Remove")));
    const block = (group) => {
      const items = value().items.filter((item) => !group || item.group === group.id);
      const adding = open && !open.id && (!group || open.group === group.id);
      const add = el("button", { type: "button", class: "quiet", "aria-label": group ? `Add to ${group.title}` : `Add ${value().noun}`, onclick: () => start(null, group && group.id) }, group ? "Add" : `Add ${value().noun}`);
      return el("section", { class: "items-block" },
        el("div", { class: "items-head" }, el("h3", {}, group ? group.title : value().title || ""), group && el("span", { class: "items-hint" }, items.length ? "" : group.empty), adding ? null : add),
        adding && el("div", { class: "item editing" }, form(null, group)),
        items.length ? el("ul", { class: "items" }, items.map(card))
          : !group && !adding && value().empty ? el("div", { class: "empty" }, el("p", { class: "empty-title" }, value().empty.title), el("p", { class: "empty-next" }, value().empty.next)) : null);
    };
    const render = () => root().replaceChildren(...(value().groups || [null]).map(block));
    watch("value", () => {
      const elsewhere = owner === value().owner && open && !sent && (!open.id || value().items.some((item) => item.id === open.id));
      owner = value().owner;
      if (elsewhere && root().querySelector("form")) return; // something else was saved: keep what is being typed
      open = null; sent = false;
      render();
    });
    owner = value().owner;
    render();
  };

  /* A line with an Undo button that stays until it is used, closed, or replaced. value: {text, id, undo} or null. */
  studio.undo = (element, props, trigger, watch) => {
    const render = () => {
      const root = studio.root(element, "undo-root"), value = props.value;
      root.replaceChildren();
      if (!value || !value.text) return;
      root.append(el("div", { class: "undo-line", role: "status" }, el("span", {}, value.text),
        value.id && el("button", { type: "button", class: "quiet", onclick: () => { root.replaceChildren(); trigger("select", { id: value.id }); } }, value.undo || "Undo"),
        el("button", { type: "button", class: "quiet bare", "aria-label": "Close this line", onclick: () => root.replaceChildren() }, "×")));
    };
    watch("value", render);
    render();
  };
})();
