/* Editing a picture inside Create: the row of modes, and the picture with what will be repainted.
   modes value: {reasons: {mode: why this model cannot, or ""}}.
   editor value: {image, mask, edit: {mode, feather, left, top, right, bottom, box, close} or null}: ids of the form.
   The editor emits select {image, mask, edit, strength} a moment after something changed; `studio.editNow` hands what is
   on the screen to Generate, so that the last stroke counts. Pictures and masks go to the API's /inputs. */
(() => {
  "use strict";
  const studio = window.studio, el = studio.el;
  const MODES = [
    ["", "New", "Make a picture from words"],
    ["change", "Change", "Make the whole picture again, near to what it was"],
    ["repaint", "Repaint", "Paint over a part: only that is made again"],
    ["extend", "Extend", "Add room around the picture"],
    ["background", "Background", "Put the figure somewhere else"],
    ["detail", "Detail", "Draw the face, or a box, again with more pixels"],
  ];
  const USUAL = { change: 0.6, repaint: 0.9, extend: 1, background: 1, detail: 0.25 };
  const FEATHER = { repaint: 12, extend: 32, background: 4, detail: 16 };
  const SHAPES = ["1:1", "4:5", "3:4", "9:16", "16:9"];
  const SIDES = ["left", "top", "right", "bottom"];
  const ABOVE = 0.15; // of what is added to the height: people have more below them than above
  const WAIT_MS = 300, ANSWER_MS = 4000, MOST_STEPS = 60, MOST_BYTES = 96e6;
  const url = (id) => (id.startsWith("in-") ? `/api/v1/inputs/${id}` : `/api/v1/assets/${id}/file`);
  const painted = (mode) => mode === "repaint" || mode === "background";
  const between = (low, value, high) => Math.max(low, Math.min(high, value));
  const send = async (path, body) => {
    const answer = await fetch(path, { method: "POST", body, headers: body ? { "Content-Type": body.type || "image/png" } : {} });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error([told.error?.message, told.error?.hint].filter(Boolean).join(" ") || "The studio did not answer.");
    return told;
  };

  let mode = "", editor = null;
  const rows = new Set();

  studio.editModes = (element, props, trigger, watch) => {
    const root = studio.root(element, "modes-root");
    const why = el("p", { class: "create-hint", role: "status", hidden: true });
    const say = (text) => { why.textContent = text; why.hidden = !text; };
    const buttons = MODES.map(([name, title, about]) => el("button", { type: "button", role: "radio", dataset: { mode: name }, title: about,
      onclick: () => { const reason = reasons()[name]; say(reason || ""); if (!reason) editor?.choose(name); } }, title));
    const row = el("div", { class: "modes", role: "radiogroup", "aria-label": "What to do" }, buttons);
    const reasons = () => (props.value && props.value.reasons) || {};
    row.addEventListener("keydown", (event) => {
      const to = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!to) return;
      const at = buttons.indexOf(document.activeElement);
      buttons[(at + to + buttons.length) % buttons.length].focus();
      event.preventDefault();
    });
    const paint = () => {
      for (const button of buttons) {
        const on = button.dataset.mode === mode, reason = reasons()[button.dataset.mode];
        button.setAttribute("aria-checked", String(on));
        button.tabIndex = on ? 0 : -1;
        button.setAttribute("aria-disabled", String(Boolean(reason)));
        button.title = reason || MODES.find(([name]) => name === button.dataset.mode)[2];
      }
      say(mode && reasons()[mode] ? reasons()[mode] : "");
    };
    root.append(row, why);
    rows.add(paint);
    watch("value", paint);
    paint();
  };

  studio.pictureEditor = (element, props, trigger, watch) => {
    const root = studio.root(element, "editor-root");
    let image = "", mask = "", edit = {}, picture = null, marks = null, soft = null, dirty = false;
    let view = null, tool = "brush", size = 40, at = null, drag = null, told = "", timer = 0, loading = 0, fresh = null, busy = "";
    let done = [], undone = [];
    const fingers = new Map();

    // ---------------------------------------------------------------- parts
    const canvas = el("canvas", { class: "editor-canvas", tabindex: "0", role: "img", "aria-label": "The picture; paint over what should change" });
    const frame = el("div", { class: "editor-frame" }, canvas);
    const note = el("p", { class: "editor-note", role: "status", "aria-live": "polite" });
    const title = el("h3", { class: "editor-title" });
    const file = el("input", { type: "file", accept: "image/png,image/jpeg,image/webp" }); // off the page: only its dialog is wanted
    const ask = () => file.click();
    const press = (name, text, about, run, more = {}) => el("button", { type: "button", class: "quiet", dataset: { act: name }, title: about, "aria-label": about, onclick: run, ...more }, text);
    const blank = el("div", { class: "empty editor-blank" }, el("p", { class: "empty-title" }, "Which picture?"),
      el("p", { class: "empty-next" }, "Drop one here, paste it, or press Edit below any finished picture."),
      press("pick", "Choose a picture", "Choose a picture", ask));
    const brush = press("brush", "Brush", "Brush (B): mark what should change", () => use("brush"));
    const eraser = press("eraser", "Eraser", "Eraser (E): take marks away", () => use("eraser"));
    const width = el("input", { type: "range", min: "2", max: "300", "aria-label": "Brush size", title: "Brush size ([ and ])", oninput: () => { size = Number(width.value); paint(); } });
    const feather = el("input", { type: "range", min: "0", max: "64", "aria-label": "Soft edge in pixels", oninput: () => set({ feather: Number(feather.value) }) });
    const featherSays = el("output", {});
    const close = el("input", { type: "checkbox", onchange: () => set({ close: close.checked }) });
    const undo = press("undo", "Undo", "Undo (Z)", () => travel(done, undone, "undo"));
    const redo = press("redo", "Redo", "Redo (Shift + Z)", () => travel(undone, done, "redo"));
    const find = press("find", "", "", () => look());
    const numbers = SIDES.map((side) => el("input", { type: "number", min: "0", max: "4096", step: "8", "aria-label": `Pixels added: ${side}`, dataset: { side },
      onchange: (event) => set({ [side]: between(0, Math.round(Number(event.target.value) || 0), 4096) }) }));
    const groups = {
      paint: el("div", { class: "editor-tools" }, brush, eraser, el("label", {}, "Size ", width), press("invert", "Invert", "Invert (I)", () => change(marks.invert())), press("clear", "Clear", "Clear (X)", () => change(marks.clear()))),
      sides: el("div", { class: "editor-tools" }, SHAPES.map((shape) => press("shape", shape, `Extend to ${shape}`, () => fitTo(shape))),
        SIDES.map((side, i) => el("label", { class: "editor-side" }, `${side[0].toUpperCase()}${side.slice(1)} `, numbers[i]))),
      edge: el("div", { class: "editor-tools" }, find, el("label", {}, "Soft edge ", feather, " ", featherSays), el("label", { class: "editor-close", title: "The part gets more of the model's pixels" }, close, " Work close up")),
      view: el("div", { class: "editor-tools editor-view" }, undo, redo, press("out", "−", "Zoom out (−)", () => zoom(1 / 1.25)), press("in", "+", "Zoom in (+)", () => zoom(1.25)), press("fit", "Fit", "Whole picture (0)", () => fit())),
    };
    root.append(el("div", { class: "editor-head" }, title, press("pick", "Other picture", "Choose another picture", ask), press("close", "Close", "Back to a new picture", () => choose(""))),
      blank, frame, groups.paint, groups.sides, groups.edge, groups.view, note);

    // ---------------------------------------------------------------- what is shown
    const whole = () => {
      const { left = 0, top = 0, right = 0, bottom = 0 } = mode === "extend" ? edit : {};
      return { left, top, width: picture.width + left + right, height: picture.height + top + bottom };
    };
    const colour = () => getComputedStyle(root).getPropertyValue("--primary-500").trim() || "#e0562b";
    const resize = () => {
      const ratio = window.devicePixelRatio || 1;
      const wide = frame.clientWidth, high = between(220, picture ? (wide * whole().height) / whole().width : 300, Math.min(620, window.innerHeight * 0.7));
      frame.style.height = `${Math.round(high)}px`;
      canvas.width = Math.round(wide * ratio);
      canvas.height = Math.round(high * ratio);
    };
    const fit = () => { if (!picture || !frame.clientWidth) return; resize(); const all = whole();
      const scale = Math.min(canvas.width / all.width, canvas.height / all.height) * (mode === "extend" ? 0.92 : 1);
      view = { scale, x: (canvas.width - all.width * scale) / 2 + all.left * scale, y: (canvas.height - all.height * scale) / 2 + all.top * scale, fitted: true };
      paint();
    };
    const zoom = (by, x = canvas.width / 2, y = canvas.height / 2) => {
      if (!view) return;
      const to = between(0.05, view.scale * by, 24), grown = to / view.scale;
      view = { scale: to, x: x - (x - view.x) * grown, y: y - (y - view.y) * grown };
      paint();
    };
    /* Two shades, so that the marks are seen on every colour. */
    const stripes = () => {
      const tile = document.createElement("canvas"), pen = tile.getContext("2d");
      tile.width = tile.height = 12;
      pen.fillStyle = colour(); pen.fillRect(0, 0, 12, 12);
      pen.strokeStyle = "rgb(255 255 255 / .55)"; pen.lineWidth = 2;
      for (const x of [-12, 0, 12]) { pen.beginPath(); pen.moveTo(x, 12); pen.lineTo(x + 12, 0); pen.stroke(); }
      return pen.createPattern(tile, "repeat");
    };
    const tinted = (from, pen) => {
      const tint = document.createElement("canvas");
      tint.width = from.width; tint.height = from.height;
      const draw = tint.getContext("2d");
      draw.drawImage(from, 0, 0);
      draw.globalCompositeOperation = "source-in";
      draw.fillStyle = stripes();
      draw.fillRect(0, 0, tint.width, tint.height);
      pen.globalAlpha = 0.7;
      pen.drawImage(tint, 0, 0, picture.width, picture.height);
      pen.globalAlpha = 1;
    };
    let drawn = 0;
    const paint = () => { if (!drawn) drawn = requestAnimationFrame(() => { drawn = 0; show(); }); };
    const show = () => {
      if (!picture || !view) return;
      const pen = canvas.getContext("2d"), line = 1 / view.scale;
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.clearRect(0, 0, canvas.width, canvas.height);
      pen.setTransform(view.scale, 0, 0, view.scale, view.x, view.y);
      pen.imageSmoothingEnabled = view.scale < 3;
      if (mode === "extend") {
        const all = whole();
        pen.fillStyle = colour();
        pen.globalAlpha = 0.3;
        pen.fillRect(-all.left, -all.top, all.width, all.height);
        pen.globalAlpha = 1;
        pen.setLineDash([6 * line, 5 * line]);
        pen.lineWidth = 1.5 * line;
        pen.strokeStyle = colour();
        pen.strokeRect(-all.left, -all.top, all.width, all.height);
        pen.setLineDash([]);
      }
      pen.drawImage(picture, 0, 0);
      if (painted(mode) && marks) tinted(drag?.paints || !soft ? marks.canvas : soft.canvas, pen);
      if (mode === "detail" && edit.box) {
        const [left, top, right, bottom] = edit.box, radius = Math.min(right - left, bottom - top) * 0.4;
        pen.fillStyle = pen.strokeStyle = colour();
        pen.beginPath(); pen.roundRect(left, top, right - left, bottom - top, Math.max(0, radius));
        pen.globalAlpha = 0.3; pen.fill(); pen.globalAlpha = 1;
        pen.lineWidth = 2 * line; pen.stroke();
      }
      if (painted(mode) && at && !drag?.pans) {
        for (const [wider, shade] of [[0, "#fff"], [line, "#000"]]) {
          pen.beginPath(); pen.arc(at.x, at.y, size / 2 + wider, 0, 2 * Math.PI);
          pen.lineWidth = line * 1.2; pen.strokeStyle = shade; pen.stroke();
        }
      }
    };
    const words = () => {
      if (busy) return busy;
      if (!picture || !mode) return "";
      const same = "Everything else stays to the pixel.";
      if (mode === "change") return "The whole picture is made again in the shape chosen on the left.";
      if (mode === "extend") { const all = whole(); return all.width === picture.width && all.height === picture.height ? "Choose a shape, drag an edge, or type how many pixels to add." : `The picture becomes ${all.width} × ${all.height}. What is there now stays to the pixel.`; }
      if (mode === "detail") return edit.box ? `The box of ${edit.box[2] - edit.box[0]} × ${edit.box[3] - edit.box[1]} is drawn again. ${same}` : "Draw a box around what should be drawn again.";
      const share = soft ? soft.share : 0;
      if (!share) return mode === "background" ? "Mark what is behind the figure, or let the studio find it." : "Paint over what should change, and say in the words what the picture shows then.";
      return `${share < 0.01 ? "Under 1" : Math.round(share * 100)} % of the picture is made again. ${same}`;
    };
    const panel = () => {
      const open = Boolean(mode), there = open && Boolean(picture);
      root.hidden = !open;
      document.querySelector("#tab-create")?.classList.toggle("editing-part", open && mode !== "change");
      title.textContent = { change: "Change the picture", repaint: "Repaint a part", extend: "Extend the picture", background: "New background", detail: "Detail" }[mode] || "";
      blank.hidden = there || !open; frame.hidden = !there;
      root.querySelector('.editor-head [data-act="pick"]').hidden = !there;
      groups.paint.hidden = !there || !painted(mode);
      groups.sides.hidden = !there || mode !== "extend";
      groups.edge.hidden = !there || mode === "change";
      groups.view.hidden = !there;
      undo.hidden = redo.hidden = mode === "change";
      find.hidden = !["background", "detail"].includes(mode);
      find.textContent = mode === "detail" ? "Find the face" : "Find the figure";
      find.title = mode === "detail" ? "Put the box around the face or head" : "Mark everything behind the figure";
      find.setAttribute("aria-label", find.title);
      close.parentElement.hidden = mode !== "repaint";
      close.checked = Boolean(edit.close);
      brush.setAttribute("aria-pressed", String(tool === "brush"));
      eraser.setAttribute("aria-pressed", String(tool === "eraser"));
      undo.disabled = !done.length; redo.disabled = !undone.length;
      width.value = size;
      feather.value = edit.feather ?? 12;
      featherSays.textContent = `${edit.feather ?? 12} px`;
      numbers.forEach((input) => { if (document.activeElement !== input) input.value = edit[input.dataset.side] || 0; });
      note.textContent = words();
      for (const draw of rows) draw();
    };
    const redraw = () => { soft = marks && painted(mode) ? marks.soft(edit.feather ?? 0) : null; panel(); paint(); };

    // ---------------------------------------------------------------- what changes
    const remember = (step) => {
      if (!step) return;
      done.push(step); undone = [];
      while (done.length > MOST_STEPS || done.reduce((sum, one) => sum + (one.bytes || 0), 0) > MOST_BYTES) done.shift();
    };
    const change = (step) => { if (!step) return; remember(step); dirty = true; redraw(); later(); };
    const travel = (from, to, way) => {
      const step = from.pop();
      if (!step) return;
      step[way](); to.push(step);
      dirty = dirty || Boolean(step.bytes);
      if (view?.fitted) fit();
      redraw(); later();
    };
    const set = (values, silent) => {
      const before = { ...edit }, after = { ...edit, ...values };
      if (JSON.stringify(before) === JSON.stringify(after)) return;
      edit = after;
      if (!silent) remember({ undo: () => { edit = { ...before, mode }; }, redo: () => { edit = { ...after, mode }; } });
      if (mode === "extend" && view?.fitted) fit();
      redraw(); later();
    };
    const use = (name) => { tool = name; panel(); canvas.focus(); };
    const fitTo = (shape) => {
      const [w, h] = shape.split(":").map(Number), ratio = w / h, { width: wide, height: high } = picture;
      const more = { x: Math.max(0, Math.round(high * ratio) - wide), y: Math.max(0, Math.round(wide / ratio) - high) };
      const left = Math.floor(more.x / 2), top = Math.round(more.y * ABOVE);
      set({ left, right: more.x - left, top, bottom: more.y - top });
    };
    const load = (source) => new Promise((ready, failed) => { const one = new Image(); one.onload = () => ready(one); one.onerror = () => failed(new Error("This picture is not here any more.")); one.src = source; });
    /* Shows the form's picture and mask. What was painted belongs to the picture before. */
    const open = async () => {
      const mine = ++loading;
      picture = marks = soft = view = null; done = []; undone = []; dirty = false; busy = "";
      panel();
      if (!image) return;
      try {
        const found = await load(url(image));
        if (mine !== loading) return;
        picture = document.createElement("canvas");
        picture.width = found.naturalWidth; picture.height = found.naturalHeight;
        picture.getContext("2d").drawImage(found, 0, 0);
        marks = studio.maskOf(picture.width, picture.height);
        const side = Math.max(picture.width, picture.height);
        size = Math.round(side / 12); width.max = Math.round(side / 2); feather.max = Math.round(side / 8);
        if (mask) { const known = await load(url(mask)).catch(() => null); if (mine !== loading) return; if (known) marks.take(known); else mask = ""; }
        redraw(); fit(); begin();
      } catch (error) { if (mine === loading) { image = mask = ""; busy = error.message; panel(); later(); } }
    };
    /* A mode that looks for something by itself does so once. */
    const begin = () => {
      if (!picture) return;
      if (mode === "detail" && !edit.box) look();
      if (mode === "background" && !(soft && soft.share)) look();
    };
    const look = async () => {
      const mine = image, name = mode;
      busy = name === "detail" ? "Looking for the face" : "Looking for the figure"; panel();
      try {
        if (name === "detail") {
          const { box } = await studio.json(`/api/v1/inputs/${mine}/head`);
          busy = box ? "" : "No face was found. Draw a box around it.";
          if (mine === image && mode === name && box) set({ box });
        } else {
          const { id } = await send(`/api/v1/inputs/${mine}/background`);
          const found = await load(url(id));
          busy = "";
          if (mine === image && mode === name) change(marks.take(found));
        }
      } catch (error) { busy = `${error.message} Mark it by hand.`; }
      panel();
    };
    const bring = async (chosen) => {
      if (!chosen) return;
      busy = "Bringing the picture"; panel();
      try { const { id } = await send("/api/v1/inputs", chosen); image = id; mask = ""; edit = { mode, feather: FEATHER[mode] ?? 12 }; await open(); later(); }
      catch (error) { busy = error.message; panel(); }
    };
    const choose = (name) => {
      if (name === mode) return;
      const before = mode;
      mode = name;
      busy = "";
      edit = { ...edit, mode, feather: FEATHER[mode] ?? edit.feather ?? 12 };
      fresh = USUAL[mode] ?? null;
      if (mode === "background" && before !== "background" && marks && soft?.share) { remember(marks.clear()); dirty = true; }
      redraw();
      if (!before && mode) requestAnimationFrame(() => { fit(); if (root.getBoundingClientRect().top > window.innerHeight * 0.8) root.scrollIntoView({ block: "start" }); });
      else fit();
      begin(); later();
    };

    // ---------------------------------------------------------------- to the form
    let uploading = null;
    const settle = async () => {
      while (uploading) await uploading;
      if (!dirty || !marks || !painted(mode)) return;
      dirty = false;
      uploading = (async () => {
        const share = marks.soft(0).share;
        mask = share ? (await send("/api/v1/inputs", await marks.blob())).id : "";
      })();
      try { await uploading; } catch (error) { dirty = true; busy = error.message; panel(); throw error; } finally { uploading = null; }
    };
    const values = () => ({ image: mode ? image : "", mask: painted(mode) ? mask : "", edit: mode ? JSON.stringify({ ...edit, mode }) : "" });
    /* The same state has the same mark, whether it was read here or by the server. */
    const marked = (now) => { const { mode: name = "", feather, left, top, right, bottom, box, close } = now.edit || {};
      return [now.image || "", now.mask || "", name, ...(name && name !== "change" ? [feather ?? 12, left || 0, top || 0, right || 0, bottom || 0, box || "", Boolean(close)] : [])].join(" "); };
    let sent = [], sentAt = 0; // what the form has not answered to yet
    const tell = async () => {
      timer = 0;
      try { await settle(); } catch { return; }
      const now = values(), mark = marked({ ...now, edit: now.edit && JSON.parse(now.edit) });
      if (mark === told && fresh === null) return;
      told = mark; sent.push(mark); sentAt = Date.now();
      const strength = fresh; fresh = null;
      trigger("select", { ...now, strength });
    };
    const later = () => { clearTimeout(timer); timer = setTimeout(tell, WAIT_MS); };
    studio.editNow = async (given, names) => {
      if (!root.isConnected || !(timer || dirty || uploading || sent.length)) return given;
      await settle().catch(() => {});
      const now = { ...values(), ...(fresh === null ? {} : { strength: fresh }) };
      return given.map((value, i) => (names[i] in now ? now[names[i]] : value));
    };

    // ---------------------------------------------------------------- pointers and keys
    const place = (event) => {
      const box = canvas.getBoundingClientRect(), ratio = canvas.width / box.width;
      const px = (event.clientX - box.left) * ratio, py = (event.clientY - box.top) * ratio;
      return { px, py, x: (px - view.x) / view.scale, y: (py - view.y) / view.scale };
    };
    const pinch = () => { const [a, b] = [...fingers.values()]; return { x: (a.px + b.px) / 2, y: (a.py + b.py) / 2, far: Math.hypot(a.px - b.px, a.py - b.py) || 1 }; };
    let space = false;
    canvas.addEventListener("pointerdown", (event) => {
      if (!view) return;
      canvas.focus({ preventScroll: true });
      try { canvas.setPointerCapture(event.pointerId); } catch { /* a made-up pointer */ }
      const here = place(event);
      fingers.set(event.pointerId, here);
      if (fingers.size === 2) { if (drag?.paints) marks.forget(); if (drag?.start) edit = drag.start; drag = { pans: true, pinch: pinch() }; redraw(); return; }
      if (event.button === 1 || space || mode === "change") { drag = { pans: true, from: here, x: view.x, y: view.y }; event.preventDefault(); return; }
      if (event.button !== 0) return;
      if (painted(mode)) { drag = { paints: true }; marks.begin(here.x, here.y, size, tool === "eraser"); paint(); }
      else if (mode === "detail") drag = { start: { ...edit }, from: here, moves: inside(here) };
      else if (mode === "extend") drag = { start: { ...edit }, from: here, side: nearest(here) };
    });
    const inside = ({ x, y }) => { const box = edit.box; return box && x > box[0] && x < box[2] && y > box[1] && y < box[3] ? box : null; };
    const nearest = ({ x, y }) => {
      const all = whole(), far = [x + all.left, y + all.top, all.width - all.left - x, all.height - all.top - y].map(Math.abs);
      return SIDES[far.indexOf(Math.min(...far))];
    };
    canvas.addEventListener("pointermove", (event) => {
      if (!view) return;
      const here = place(event);
      at = here;
      if (fingers.has(event.pointerId)) fingers.set(event.pointerId, here);
      if (drag?.pinch && fingers.size === 2) {
        const now = pinch(), was = drag.pinch;
        zoom(now.far / was.far, was.x, was.y);
        view = { ...view, x: view.x + now.x - was.x, y: view.y + now.y - was.y, fitted: false };
        drag.pinch = now;
      } else if (drag?.pans && drag.from) view = { ...view, x: drag.x + here.px - drag.from.px, y: drag.y + here.py - drag.from.py, fitted: false };
      else if (drag?.paints) for (const one of event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]) { const step = place(one); marks.move(step.x, step.y); }
      else if (drag?.side) {
        const by = { left: drag.from.x - here.x, top: drag.from.y - here.y, right: here.x - drag.from.x, bottom: here.y - drag.from.y }[drag.side];
        edit = { ...edit, [drag.side]: between(0, Math.round((drag.start[drag.side] || 0) + by), 4096) }; panel();
      } else if (drag?.start) {
        const limit = (x, y) => [between(0, Math.round(x), picture.width), between(0, Math.round(y), picture.height)];
        if (drag.moves) {
          const [left, top, right, bottom] = drag.moves, dx = between(-left, Math.round(here.x - drag.from.x), picture.width - right), dy = between(-top, Math.round(here.y - drag.from.y), picture.height - bottom);
          edit = { ...edit, box: [left + dx, top + dy, right + dx, bottom + dy] };
        } else { const a = limit(drag.from.x, drag.from.y), b = limit(here.x, here.y); edit = { ...edit, box: [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])] }; }
        panel();
      }
      paint();
    });
    const release = (event) => {
      fingers.delete(event.pointerId);
      const was = drag;
      if (was?.pinch && fingers.size) return;
      drag = null;
      if (was?.paints) change(marks.end());
      else if (was?.start) {
        let after = { ...edit };
        if (mode === "detail" && after.box && Math.min(after.box[2] - after.box[0], after.box[3] - after.box[1]) < 16) after = was.start; // a click, no box
        edit = was.start; set(after);
        if (mode === "extend" && view?.fitted) fit();
      }
      redraw();
    };
    canvas.addEventListener("pointerup", release);
    canvas.addEventListener("pointercancel", release);
    canvas.addEventListener("pointerleave", () => { at = null; paint(); });
    canvas.addEventListener("wheel", (event) => { if (!(event.ctrlKey || event.metaKey) || !view) return; const here = place(event); zoom(Math.exp(-event.deltaY / 300), here.px, here.py); event.preventDefault(); }, { passive: false });
    root.addEventListener("keyup", (event) => { if (event.key === " ") space = false; });
    root.addEventListener("keydown", (event) => {
      if (event.target.matches("input[type=number]") || event.altKey || !picture || event.ctrlKey && event.key === "Enter") return;
      const name = event.key.toLowerCase(), command = event.ctrlKey || event.metaKey;
      if (command && !["z", "y"].includes(name)) return;
      const keys = {
        z: () => (event.shiftKey ? redo : undo).click(), y: () => redo.click(), "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(1 / 1.25), 0: fit,
        ...(painted(mode) ? { b: () => use("brush"), e: () => use("eraser"), i: () => change(marks.invert()), x: () => change(marks.clear()),
          "[": () => { size = Math.max(2, Math.round(size / 1.2) - 1); panel(); paint(); }, "]": () => { size = Math.min(Number(width.max), Math.round(size * 1.2) + 1); panel(); paint(); } } : {}),
      };
      if (event.key === " " && event.target === canvas) { space = true; event.preventDefault(); return; }
      if (!keys[name] || (event.target.matches("input[type=range]") && ["+", "-", "0"].includes(name))) return;
      keys[name](); event.preventDefault(); event.stopPropagation();
    });
    file.addEventListener("change", () => { bring(file.files[0]); file.value = ""; });
    root.addEventListener("dragover", (event) => { event.preventDefault(); root.classList.add("dropping"); });
    root.addEventListener("dragleave", () => root.classList.remove("dropping"));
    root.addEventListener("drop", (event) => { event.preventDefault(); event.stopPropagation(); root.classList.remove("dropping"); bring(event.dataTransfer.files[0]); });
    document.addEventListener("paste", (event) => { const one = root.offsetParent && [...(event.clipboardData?.files || [])].find((part) => part.type.startsWith("image/")); if (one) { bring(one); event.preventDefault(); } });
    new ResizeObserver(() => { if (!picture || !frame.clientWidth) return; if (!view || view.fitted) fit(); else { resize(); paint(); } }).observe(frame);

    // ---------------------------------------------------------------- from the form
    const take = () => {
      const now = props.value || {}, mark = marked(now), known = sent.indexOf(mark);
      if (known >= 0) { sent.splice(0, known + 1); return; }
      if (mark === told || timer || dirty || (sent.length && Date.now() - sentAt < ANSWER_MS)) return;
      told = mark; sent = []; fresh = null;
      mode = now.edit ? now.edit.mode : now.mask ? "repaint" : now.image ? "change" : "";
      edit = { ...(now.edit || {}), mode };
      const same = picture && image === (now.image || "") && mask === (now.mask || "");
      if (mode) { image = now.image || ""; mask = now.mask || ""; }
      if (same || !mode) { redraw(); fit(); } else open();
    };
    editor = { choose };
    watch("value", take);
    panel();
    take();
  };
})();
