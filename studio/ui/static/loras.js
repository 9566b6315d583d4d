/* The LoRAs of a picture in the Create form: chips with a strength, and a list to add from.
   value: {chosen: [{id, name, weight, own, fits, note, words, preview}], offered, takes, look, any}
   Emits select {action: "choose", loras: [{id, weight}]} and {action: "keep", loras} to keep them in the look. */
(() => {
  "use strict";
  const studio = window.studio, el = studio.el;

  studio.loraChips = (element, props, trigger, watch) => {
    let chosen = [], open = false, text = "", timer = 0;
    const value = () => props.value || { chosen: [], offered: [] };
    const said = () => chosen.map((one) => ({ id: one.id, weight: one.weight }));
    const tell = (wait = 0) => { clearTimeout(timer); timer = setTimeout(() => trigger("select", { action: "choose", loras: said() }), wait); };
    const picture = (one) => one.preview ? el("img", { src: one.preview, alt: "", loading: "lazy", onerror: (event) => event.target.remove() }) : el("span", { class: "lora-blank", "aria-hidden": "true" }, [...one.name][0]);
    const chip = (one) => {
      const number = el("output", {}, one.weight.toFixed(2));
      const slider = el("input", { type: "range", min: "-1", max: "2", step: "0.05", value: String(one.weight), "aria-label": `Strength of ${one.name}`,
        oninput: () => { one.weight = Number(slider.value); number.textContent = one.weight.toFixed(2); tell(250); },
        ondblclick: () => { one.weight = one.own ?? 0.8; slider.value = String(one.weight); number.textContent = one.weight.toFixed(2); tell(); } });
      return el("li", { class: `lora-chip ${one.fits ? "" : "wrong"}`, dataset: { id: one.id } }, picture(one),
        el("div", { class: "lora-words" }, el("span", { class: "lora-name" }, one.name), one.note ? el("span", { class: "lora-note" }, one.note) : el("span", { class: "lora-slider" }, slider, number)),
        el("button", { type: "button", class: "quiet bare", "aria-label": `Take ${one.name} out`, onclick: () => { chosen = chosen.filter((other) => other !== one); render(); tell(); root().querySelector(".lora-add")?.focus(); } }, "×"));
    };
    const root = () => studio.root(element, "loras-root");
    const offer = (one) => el("li", {}, el("button", { type: "button", class: "lora-offer", disabled: !one.fits, onclick: () => { chosen.push({ ...one }); open = false; text = ""; render(); tell(); root().querySelector(".lora-add")?.focus(); } },
      picture(one), el("span", { class: "lora-words" }, el("span", { class: "lora-name" }, one.name), el("span", { class: "lora-note" }, one.note || one.words.join(", ")))));
    const list = () => {
      const { offered = [], takes = "", any } = value();
      const mine = offered.filter((one) => !chosen.some((other) => other.id === one.id));
      const holder = el("ul", { class: "lora-offers" });
      const fill = () => {
        const found = mine.filter((one) => !text || `${one.name} ${(one.words || []).join(" ")}`.toLowerCase().includes(text));
        holder.replaceChildren(...(found.length ? found.map(offer) : [el("li", { class: "lora-none" }, !any ? "The library has no LoRAs. Import one in Models." : text ? "Nothing matches." : "All of them are in the picture.")]));
      };
      const search = el("input", { type: "search", placeholder: "Search LoRAs", "aria-label": "Search LoRAs", value: text, oninput: () => { text = search.value.trim().toLowerCase(); fill(); } });
      fill();
      return el("div", { class: "lora-list", onkeydown: (event) => { if (event.key === "Escape") { open = false; event.stopPropagation(); render(); root().querySelector(".lora-add")?.focus(); } } },
        el("p", { class: "lora-takes" }, takes), mine.length > 6 ? search : null, holder);
    };
    const render = () => {
      const { look } = value();
      root().replaceChildren(...[
        el("div", { class: "lora-head" }, el("span", { class: "lora-label" }, "LoRAs"),
          chosen.length && look ? el("button", { type: "button", class: "quiet", onclick: () => trigger("select", { action: "keep", loras: said() }) }, "Keep in the look") : null,
          el("button", { type: "button", class: "quiet lora-add", "aria-expanded": open ? "true" : "false", disabled: chosen.length >= 8, onclick: () => { open = !open; render(); if (open) root().querySelector(".lora-list input, .lora-list button:not([disabled])")?.focus(); } }, open ? "Close" : "Add LoRA")),
        chosen.length ? el("ul", { class: "lora-chips" }, chosen.map(chip)) : null,
        open ? list() : null].filter(Boolean));
    };
    watch("value", () => {
      const now = value().chosen.map((one) => ({ ...one }));
      const same = JSON.stringify(now) === JSON.stringify(chosen);
      if (same && open) return; // the list that is open stays as it is
      if (element.querySelector("input[type=range]:active")) return; // a strength is being drawn
      chosen = now;
      render();
    });
    chosen = value().chosen.map((one) => ({ ...one }));
    render();
  };
})();
