/* The review desk: one picture large, its recipe beside it, keys A R S U and arrows; and the side-by-side sheet.
   desk value: {asset: {id, full, alt, state, starred}, facts: [[name, value]], quality: [[name, 0-1]], score, judged, good, notes: [],
                identity: {score 0-1 or null, passed, note, against} or null,
                position, reasons: [], reason, empty: {title, next}}. Emits select {action, id, reason}. */
(() => {
  "use strict";
  const studio = window.studio, el = studio.el;
  const typing = () => document.querySelector("dialog[open]") || (document.activeElement
    && document.activeElement.matches("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]"));

  studio.desk = (element, props, trigger, watch) => {
    const root = studio.root(element, "desk-root");
    let zoomList = [], shown = props.value || {};
    const value = () => shown;
    /* One thing after the other: what is pressed before the answer to the last press is here waits for it, so that
       A A A judges three pictures and not one three times. */
    let busy = 0, pressed = [], judged = [];
    const send = (action, more) => {
      if (!value().asset) return;
      if (action !== "undo" && action !== "next" && action !== "back") judged.push(value().asset.id);
      const id = action === "undo" ? judged.pop() || value().asset.id : value().asset.id;
      busy = setTimeout(settle, 3000); // an error changes nothing on the desk
      trigger("select", { action, id, ...more });
    };
    const settle = () => { clearTimeout(busy); busy = 0; const next = pressed.shift(); if (next) send(...next); };
    const act = (action, more = {}) => { if (busy) pressed.push([action, more]); else send(action, more); };
    const undo = () => act("undo");
    const key = (name) => el("kbd", {}, name);
    const button = (action, text, letter, kind = "") => el("button", { type: "button", class: `quiet ${kind}`, dataset: { action }, "aria-keyshortcuts": letter, onclick: () => act(action) }, text, " ", key(letter));
    const askReason = () => {
      const box = root.querySelector(".desk-reasons");
      if (!box) return;
      box.hidden = !box.hidden;
      if (!box.hidden) box.querySelector("button").focus();
    };
    document.addEventListener("keydown", (event) => {
      if (!root.offsetParent || event.ctrlKey || event.metaKey || event.altKey || typing()) return;
      const name = event.key.toLowerCase();
      const box = root.querySelector(".desk-reasons");
      if (box && !box.hidden) {
        if (name === "escape") { box.hidden = true; event.preventDefault(); return; }
        const nth = Number(name);
        if (nth >= 1 && nth <= box.querySelectorAll("button").length) { box.querySelectorAll("button")[nth - 1].click(); event.preventDefault(); return; }
        if (name === "r") { box.querySelector("button").click(); event.preventDefault(); return; }
      }
      if (name === "r") { askReason(); event.preventDefault(); return; }
      const action = { a: "approve", s: "star", u: "undo", arrowright: "next", arrowleft: "back", arrowdown: "next", arrowup: "back" }[name];
      if (!action || (document.activeElement && document.activeElement.closest("[role=tablist], [role=listbox]"))) return;
      act(action);
      event.preventDefault();
    });
    const meter = ([name, amount]) => el("div", { class: "meter" }, el("span", {}, name),
      el("span", { class: "meter-bar", role: "img", "aria-label": `${name} ${Math.round(amount * 100)} of 100` }, el("span", { style: `width:${Math.round(amount * 100)}%` })), el("span", { class: "meter-number" }, String(Math.round(amount * 100))));
    const identity = ({ score, passed, note, against }) => el("div", { class: "desk-quality desk-identity" },
      el("h4", {}, score === null ? "Identity not measured" : `Identity ${Math.round(score * 100)} of 100`,
        passed === null ? null : el("span", { class: `badge identity ${passed ? "passed" : "below"}` }, passed ? "in character" : "off character")),
      score === null ? null : meter(["Likeness", score]),
      el("p", {}, note || against));
    const render = () => {
      const focused = root.contains(document.activeElement) && document.activeElement.dataset.action;
      const { asset, facts = [], quality = [], score, notes = [], position = "", reasons = [], reason, empty } = value();
      root.replaceChildren();
      if (!asset) {
        root.append(el("div", { class: "empty" }, el("p", { class: "empty-title" }, (empty || {}).title || "Nothing to review"), el("p", { class: "empty-next" }, (empty || {}).next || "")));
        return;
      }
      zoomList = [{ id: asset.id, full: asset.full, alt: asset.alt, caption: position }];
      const image = asset.clip ? el("video", { src: asset.full, poster: asset.poster, controls: true, playsinline: true, loop: true, preload: "metadata", "aria-label": asset.alt || "Clip" }) : el("img", { src: asset.full, alt: asset.alt || "Picture", tabindex: "0", role: "button", onclick: () => studio.zoom(zoomList, 0), onkeydown: (event) => { if (event.key === "Enter") studio.zoom(zoomList, 0); } });
      image.addEventListener("error", () => image.replaceWith(el("div", { class: "empty" }, el("p", { class: "empty-title" }, "The file of this picture is missing"), el("p", { class: "empty-next" }, "It was moved or deleted outside the studio. Put it back, or move the entry to the trash."))), { once: true });
      const list = el("dl", { class: "facts" }, facts.flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, String(text))]));
      root.append(
        el("div", { class: "desk-picture" }, image),
        el("div", { class: "desk-side" },
          el("div", { class: "desk-head" }, el("span", { class: "desk-position" }, position), el("span", { class: `badge ${asset.state}` }, asset.state), asset.starred ? el("span", { class: "desk-star" }, "★ starred") : null),
          reason ? el("p", { class: "desk-reason" }, `Rejected: ${reason}`) : null,
          el("div", { class: "desk-actions" },
            button("approve", "Approve", "A", "good"),
            el("button", { type: "button", class: "quiet bad", dataset: { action: "reject" }, "aria-keyshortcuts": "R", onclick: askReason }, "Reject ", key("R")),
            button("star", asset.starred ? "Unstar" : "Star", "S"),
            el("button", { type: "button", class: "quiet", "aria-keyshortcuts": "U", dataset: { action: "undo" }, onclick: undo }, "Undo ", key("U"))),
          el("div", { class: "desk-reasons", hidden: true, role: "group", "aria-label": "Reason for rejecting" },
            [...reasons, "No reason"].map((text, i) => el("button", { type: "button", class: "quiet", onclick: () => act("reject", { reason: text === "No reason" ? "" : text }) }, key(String(i + 1)), ` ${text}`))),
          el("div", { class: "desk-actions" },
            button("back", "Previous", "←"), button("next", "Next", "→"),
            asset.clip && asset.reel && el("button", { type: "button", class: "quiet", onclick: () => act("motion") }, "Open in Motion"),
            !asset.clip && el("button", { type: "button", class: "quiet", onclick: () => act("reuse") }, "Reuse in Create"),
            !asset.clip && el("button", { type: "button", class: "quiet", dataset: { action: "edit" }, onclick: () => act("edit") }, "Edit in Create"),
            !asset.clip && el("button", { type: "button", class: "quiet", onclick: () => act("reference") }, "Use as reference"),
            el("button", { type: "button", class: "quiet", onclick: () => act(asset.state === "trashed" ? "restore" : "trash") }, asset.state === "trashed" ? "Restore" : "Trash")),
          quality.length ? el("div", { class: "desk-quality" }, el("h4", {}, `Technical quality ${Math.round(score * 100)} of 100${value().judged || ""}`, value().good === false ? el("span", { class: "badge below" }, "below the threshold") : null), quality.map(meter), notes.length ? el("p", {}, notes.join(" ")) : null) : null,
          value().identity ? identity(value().identity) : null,
          el("h4", {}, "Recipe"), list));
      if (focused) root.querySelector(`[data-action="${focused}"]`)?.focus();
      for (const url of value().soon || []) new Image().src = url; // the next picture is there before it is asked for
    };
    // what was only looked at again must not come over a picture that was opened, or judged, meanwhile
    watch("value", () => {
      const now = props.value || {};
      if (now.again && (busy || now.asset?.id !== shown.asset?.id)) return;
      shown = now;
      render();
      settle();
    });
    render();
  };

  /* Side by side, above the page; Escape closes. value: {pictures: [{id, full, alt, facts: [[name, value, differs]]}]} */
  studio.compare = (element, props, trigger, watch) => {
    let dialog = null;
    const render = () => {
      const pictures = (props.value && props.value.pictures) || [];
      if (!pictures.length) return;
      dialog?.remove();
      dialog = el("dialog", { class: "compare", "aria-label": `${pictures.length} pictures side by side` },
        el("div", { class: "compare-head" }, el("h2", {}, `${pictures.length} pictures side by side`), el("span", {}, "What differs is marked."),
          el("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Close")),
        el("div", { class: "compare-root" }, pictures.map((one) => el("figure", { class: "compare-one" },
          one.clip ? el("video", { src: one.full, controls: true, playsinline: true, loop: true, preload: "metadata", "aria-label": one.alt || "Clip" }) : el("img", { src: one.full, alt: one.alt || "Picture" }),
          el("figcaption", {}, el("dl", { class: "facts" }, (one.facts || []).flatMap(([name, text, differs]) => [el("dt", {}, name), el("dd", { class: differs ? "differs" : "" }, String(text))])))))));
      dialog.addEventListener("close", (event) => event.target.remove());
      dialog.addEventListener("keydown", (event) => event.stopPropagation());
      document.body.append(dialog);
      dialog.showModal();
    };
    watch("value", render);
  };
})();
