/* A mask as a canvas: white where a picture changes, clear where it stays. Strokes, fills, what undoes them, and the soft
   edge as the studio will make it (pipelines/canvas.py). Knows no page. */
(() => {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const MOST = 2048, SHOWN = 384; // pixels of the longer side: kept, and of the soft edge that is shown

  const sheet = (width, height) => {
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(width));
    canvas.height = Math.max(1, Math.round(height));
    return canvas;
  };

  /* Sizes and places are pixels of the picture. What changes the mask returns {undo, redo}, or null when nothing did. */
  studio.maskOf = (width, height) => {
    const scale = Math.min(1, MOST / Math.max(width, height));
    const canvas = sheet(width * scale, height * scale), before = sheet(canvas.width, canvas.height);
    const pen = canvas.getContext("2d", { willReadFrequently: true }), old = before.getContext("2d", { willReadFrequently: true });
    let stroke = null;

    const keep = () => { old.globalCompositeOperation = "copy"; old.drawImage(canvas, 0, 0); };
    const step = (x, y, w, h) => {
      const then = old.getImageData(x, y, w, h), now = pen.getImageData(x, y, w, h);
      return { bytes: 2 * then.data.length, undo: () => pen.putImageData(then, x, y), redo: () => pen.putImageData(now, x, y) };
    };
    const whole = (change) => { keep(); change(); return step(0, 0, canvas.width, canvas.height); };
    const line = (x, y) => {
      const { erase, radius } = stroke;
      pen.globalCompositeOperation = erase ? "destination-out" : "source-over";
      pen.strokeStyle = pen.fillStyle = "#fff";
      pen.lineCap = pen.lineJoin = "round";
      pen.lineWidth = 2 * radius;
      pen.beginPath();
      if (x === stroke.x && y === stroke.y) { pen.arc(x, y, radius, 0, 2 * Math.PI); pen.fill(); }
      else { pen.moveTo(stroke.x, stroke.y); pen.lineTo(x, y); pen.stroke(); }
      const reach = radius + 2;
      stroke.box = [Math.min(stroke.box[0], x - reach, stroke.x - reach), Math.min(stroke.box[1], y - reach, stroke.y - reach),
        Math.max(stroke.box[2], x + reach, stroke.x + reach), Math.max(stroke.box[3], y + reach, stroke.y + reach)];
      Object.assign(stroke, { x, y });
    };

    return {
      canvas, width, height,
      begin(x, y, size, erase) {
        keep();
        stroke = { x: x * scale, y: y * scale, radius: Math.max(0.5, (size * scale) / 2), erase, box: [Infinity, Infinity, -Infinity, -Infinity] };
        line(stroke.x, stroke.y);
      },
      move(x, y) { if (stroke) line(x * scale, y * scale); },
      end() {
        if (!stroke) return null;
        const [left, top] = stroke.box.slice(0, 2).map((side) => Math.max(0, Math.floor(side)));
        const right = Math.min(canvas.width, Math.ceil(stroke.box[2])), bottom = Math.min(canvas.height, Math.ceil(stroke.box[3]));
        stroke = null;
        return right > left && bottom > top ? step(left, top, right - left, bottom - top) : null;
      },
      /* A stroke that turned out to be the first finger of two leaves nothing. */
      forget() { if (!stroke) return; stroke = null; pen.globalCompositeOperation = "copy"; pen.drawImage(before, 0, 0); },
      clear: () => whole(() => pen.clearRect(0, 0, canvas.width, canvas.height)),
      invert: () => whole(() => { pen.globalCompositeOperation = "xor"; pen.fillStyle = "#fff"; pen.fillRect(0, 0, canvas.width, canvas.height); }),
      /* From a picture of a mask: white changes, black stays. */
      take: (image) => whole(() => {
        pen.globalCompositeOperation = "copy";
        pen.drawImage(image, 0, 0, canvas.width, canvas.height);
        const pixels = pen.getImageData(0, 0, canvas.width, canvas.height), { data } = pixels;
        for (let i = 0; i < data.length; i += 4) { data[i + 3] = data[i]; data[i] = data[i + 1] = data[i + 2] = 255; }
        pen.putImageData(pixels, 0, 0);
      }),
      /* {canvas, share}: the mask with its edge fading inwards over `feather` pixels, small; and how much of the picture
         it covers. The border of the picture is no edge. */
      soft(feather) {
        const small = Math.min(1, SHOWN / Math.max(canvas.width, canvas.height));
        const out = sheet(canvas.width * small, canvas.height * small), draw = out.getContext("2d", { willReadFrequently: true });
        draw.drawImage(canvas, 0, 0, out.width, out.height);
        const pixels = draw.getImageData(0, 0, out.width, out.height), { data } = pixels, { width: w, height: h } = out;
        const far = feather * scale * small + 1, depth = new Float32Array(w * h);
        let marked = 0;
        for (let i = 0; i < w * h; i++) { depth[i] = data[4 * i + 3] ? far : 0; marked += data[4 * i + 3]; }
        if (feather > 0) {
          const near = (i, x, y, dx, dy) => { const xx = x + dx, yy = y + dy; if (xx >= 0 && yy >= 0 && xx < w && yy < h) depth[i] = Math.min(depth[i], depth[yy * w + xx] + 1); };
          for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) { const i = y * w + x; near(i, x, y, -1, 0); near(i, x, y, 0, -1); near(i, x, y, -1, -1); near(i, x, y, 1, -1); }
          for (let y = h - 1; y >= 0; y--) for (let x = w - 1; x >= 0; x--) { const i = y * w + x; near(i, x, y, 1, 0); near(i, x, y, 0, 1); near(i, x, y, 1, 1); near(i, x, y, -1, 1); }
          for (let i = 0; i < w * h; i++) data[4 * i + 3] *= depth[i] / far;
          draw.putImageData(pixels, 0, 0);
        }
        return { canvas: out, share: marked / (255 * w * h) };
      },
      /* A PNG: white on black. */
      blob: () => new Promise((done) => {
        const out = sheet(canvas.width, canvas.height), draw = out.getContext("2d");
        draw.fillStyle = "#000";
        draw.fillRect(0, 0, out.width, out.height);
        draw.drawImage(canvas, 0, 0);
        out.toBlob(done, "image/png");
      }),
    };
  };
})();
