/* What the browser tests ask of a page; each is called inside it. */
({
  /* Controls without an accessible name. */
  nameless: () => [...document.querySelectorAll("input, select, textarea, button, [role=button], [role=option], [role=tab]")]
  .filter((one) => one.offsetParent && !one.closest("[aria-hidden=true]") && one.type !== "hidden" && one.type !== "file")
  .filter((one) => {
    const by = (one.getAttribute("aria-labelledby") || "").split(" ").map((id) => document.getElementById(id)?.innerText || "").join("");
    const label = [...(one.labels || [])].map((each) => each.innerText).join("") + (one.closest("label")?.innerText || "");
    const inside = [...one.querySelectorAll("img")].map((each) => each.alt).join("");
    return !(one.getAttribute("aria-label") || by || label || one.title || one.innerText || inside).trim();
  }).map((one) => one.outerHTML.slice(0, 160)),

  /* Text too pale on what lies behind it: WCAG AA, 4.5 to 1, large text 3 to 1. */
  pale: () => {
  const parse = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const light = (c) => { const [r, g, b] = c.map((x) => (x /= 255) <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (node) => { for (; node; node = node.parentElement) { const style = getComputedStyle(node); if (style.backgroundImage !== "none") return null;
    const c = parse(style.backgroundColor); if (c.length === 3 || c[3] === 1) return c.slice(0, 3); if (c[3] > 0) return null; } return [255, 255, 255]; };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !node.offsetParent || node.closest("[disabled], [aria-disabled=true], script, style, .toast-wrap")) continue;
    const style = getComputedStyle(node), back = behind(node), ink = parse(style.color);
    if (!back || ink[3] !== undefined && ink[3] < 1 || style.visibility === "hidden" || Number(style.opacity) < 1) continue;
    const [a, b] = [light(ink.slice(0, 3)), light(back)].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
    if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)} ${walk.currentNode.data.trim().slice(0, 40)}`);
  }
  return [...new Set(found)];
},

  /* From now on, note when each step is heard of and when its picture is shown. */
  watch: () => {
  window.frames_seen = []; window.steps_seen = [];
  const seen = new Set();
  new MutationObserver((changes) => changes.forEach(({ target }) => {
    const url = target.src || "";
    if (url.includes("/preview") && !seen.has(url)) { seen.add(url); window.frames_seen.push([performance.now(), url]); }
  })).observe(document.querySelector(".stage-root"), { subtree: true, attributes: true, attributeFilter: ["src"] });
  window.studio.on("jobs", ({ jobs }) => jobs.filter((one) => one.state === "running" && one.preview_count)
    .forEach((one) => window.steps_seen.push([performance.now(), one.version, one.progress.done])));
},
})
