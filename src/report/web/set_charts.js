'use strict';
/* The charts, on canvas: what is left out is drawn once and lies below; what is kept is drawn again as brushes move; the one explanation
 * that is looked at lies on top. */
(function (a) {
  const s = a.set;
  if (!s) return;
  const SHADES = 12, FIT = { good: 0.9, fair: 0.6 };
  let ink = {};
  const css = (name) => window.getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const readInks = () => {
    const stops = ['--low', '--mid', '--high'].map((n) => rgb(css(n)));
    ink = { off: css('--line'), faint: css('--faint'), focus: css('--focus'), text: css('--ink'), paper: css('--paper'), good: css('--good'), fair: css('--fair'), poor: css('--poor'), none: css('--faint'), shades: [] };
    for (let i = 0; i < SHADES; i++) {
      const x = 2 * i / (SHADES - 1), k = Math.min(1, Math.floor(x)), f = x - k;
      ink.shades.push('rgb(' + stops[k].map((v, c) => Math.round(v + f * (stops[k + 1][c] - v))).join(',') + ')');
    }
    const ramp = a.byId('ramp').getContext('2d');
    ink.shades.forEach((c, i) => { ramp.fillStyle = c; ramp.fillRect(96 * i / SHADES, 0, 96 / SHADES + 1, 10); });
  };
  const bin = (i) => Math.max(0, Math.min(SHADES - 1, Math.floor(s.shade(i) * SHADES)));

  /* Three canvases over each other in a .plot; draw(context, layer, width, height). */
  const charts = [];
  const chart = (plot, draw) => {
    const layers = [0, 1, 2].map(() => { const c = a.make('canvas', { 'aria-hidden': 'true' }); plot.insertBefore(c, plot.firstChild); return c; }).reverse();
    const one = { plot, dirty: [true, true, true], fit() {
      const r = Math.min(2, window.devicePixelRatio || 1), w = plot.clientWidth, h = plot.clientHeight;
      if (one.w === w && one.h === h && one.r === r) return;
      Object.assign(one, { w, h, r, dirty: [true, true, true] });
      layers.forEach((c) => { c.width = Math.round(w * r); c.height = Math.round(h * r); c.style.setProperty('width', w + 'px'); c.style.setProperty('height', h + 'px'); });
    }, paint() {
      one.fit();
      layers.forEach((c, k) => {
        if (!one.dirty[k] || !one.w) return;
        const x = c.getContext('2d');
        x.setTransform(one.r, 0, 0, one.r, 0, 0);
        x.clearRect(0, 0, one.w, one.h);
        draw(x, k, one.w, one.h);
        one.dirty[k] = false;
      });
    } };
    charts.push(one);
    return one;
  };
  let waiting = false;
  s.redraw = (layers) => {
    charts.forEach((c) => layers.forEach((k) => { c.dirty[k] = true; }));
    if (waiting) return;
    waiting = true;
    window.requestAnimationFrame(() => { waiting = false; charts.forEach((c) => c.paint()); });
  };
  /* Calls f(i) for the kept ones shade by shade, with one path each: few strokes however many there are. */
  const byShade = (x, f, end) => {
    for (let b = 0; b < SHADES; b++) {
      x.beginPath();
      let any = false;
      for (let i = 0; i < s.n; i++) if (s.keep[i] && s.bin[i] === b) { f(i); any = true; }
      if (any) end(ink.shades[b]);
    }
  };

  /* ---- parallel coordinates ---------------------------------------------------------------------- */

  const parallel = a.byId('parallel'), TOP = 48, FOOT = 26; /* as .axis.up has them: 3 rem, 1.6 rem */
  let dims = [];
  const buildAxes = () => {
    a.all('.axis', parallel).forEach((e) => e.remove());
    dims = s.parts.map((p) => p.dim).concat(['score', 'r2']);
    parallel.style.setProperty('min-width', 84 * dims.length + 'px');
    dims.forEach((dim, k) => {
      const e = s.axis(dim, true);
      e.style.setProperty('left', 100 * (k + 0.5) / dims.length + '%');
      e.style.setProperty('--room', 'min(8rem, ' + Math.floor(Math.max(84, parallel.clientWidth / dims.length) - 6) + 'px)');
      parallel.appendChild(e);
    });
  };
  const lineOf = (x, i, w, h) => {
    let drawing = false;
    dims.forEach((dim, k) => {
      const v = s.columns[dim][i], px = w * (k + 0.5) / dims.length, py = h - FOOT - s.share(dim, v) * (h - TOP - FOOT);
      if (!isFinite(v)) { drawing = false; return; }
      if (drawing) x.lineTo(px, py); else x.moveTo(px, py);
      drawing = true;
    });
  };
  chart(parallel, (x, layer, w, h) => {
    x.lineJoin = 'round';
    if (layer === 0) {
      x.beginPath();
      for (let i = 0; i < s.n; i++) lineOf(x, i, w, h);
      x.strokeStyle = ink.off; x.lineWidth = 1; x.stroke();
      if (!s.own && s.parts.length) {
        const y = Math.round(h - FOOT - s.share(s.parts[0].dim, 0) * (h - TOP - FOOT)) + 0.5;
        x.beginPath(); x.setLineDash([4, 4]); x.moveTo(0.3 * w / dims.length, y); x.lineTo(w * (s.parts.length - 0.3) / dims.length, y);
        x.strokeStyle = ink.faint; x.stroke(); x.setLineDash([]);
      }
    } else if (layer === 1) {
      x.globalAlpha = s.count > 150 ? 0.55 : 0.8;
      x.lineWidth = s.count > 150 ? 1 : 1.5;
      byShade(x, (i) => lineOf(x, i, w, h), (c) => { x.strokeStyle = c; x.stroke(); });
      x.globalAlpha = 1;
    } else if (s.lit >= 0) {
      x.beginPath(); lineOf(x, s.lit, w, h);
      x.strokeStyle = ink.paper; x.lineWidth = 6; x.stroke();
      x.strokeStyle = ink.focus; x.lineWidth = 3; x.stroke();
    }
  });
  /* The kept line nearest to a point of the plot, within some pixels; -1: none. */
  const nearestLine = (mx, my) => {
    const w = parallel.clientWidth, h = parallel.clientHeight, at = mx / w * dims.length - 0.5, k = Math.max(0, Math.min(dims.length - 2, Math.floor(at))), f = at - k;
    let best = -1, distance = 14;
    for (let i = 0; i < s.n; i++) {
      if (!s.keep[i]) continue;
      const u = s.share(dims[k], s.columns[dims[k]][i]), v = s.share(dims[k + 1], s.columns[dims[k + 1]][i]), y = h - FOOT - (u + f * (v - u)) * (h - TOP - FOOT);
      if (Math.abs(y - my) < distance) { distance = Math.abs(y - my); best = i; }
    }
    return best;
  };

  /* ---- a swarm per part ------------------------------------------------------------------------------ */

  const swarms = a.byId('swarms');
  let beds = [];
  const HALF = 3;
  /* Dots of about the same value stand over and under each other, so that the swarm is as thick as there are many. */
  const layOut = (bed) => {
    const c = s.columns[bed.dim], w = bed.chart.w, h = bed.chart.h, order = Array.from(c.keys()).filter((i) => isFinite(c[i])).sort((i, j) => c[i] - c[j]);
    const taken = new Map(), places = new Float32Array(s.n);
    let most = 1;
    bed.x = new Float32Array(s.n).fill(-1);
    bed.y = new Float32Array(s.n);
    order.forEach((i) => {
      const px = s.share(bed.dim, c[i]) * w, slot = Math.floor(px / (1.6 * HALF)), n = taken.get(slot) || 0, level = Math.ceil(n / 2);
      taken.set(slot, n + 1);
      bed.x[i] = px;
      places[i] = (n % 2 ? 1 : -1) * level;
      most = Math.max(most, level);
    });
    const step = Math.min(1.8 * HALF, (h / 2 - HALF - 1) / most); /* where many are alike they come closer: the shape stays */
    order.forEach((i) => { bed.y[i] = h / 2 + places[i] * step; });
    bed.laid = w;
  };
  const dot = (x, px, py, r) => { x.moveTo(px + r, py); x.arc(px, py, r, 0, 7); };
  const buildSwarms = () => {
    beds.forEach((b) => charts.splice(charts.indexOf(b.chart), 1));
    swarms.textContent = '';
    beds = s.parts.map((p) => {
      const row = a.make('div', { class: 'swarm' }), plot = a.make('div', { class: 'plot' }), bed = { dim: p.dim, laid: -1 };
      row.appendChild(a.make('span', { class: 'who' }, p.name));
      row.appendChild(plot);
      swarms.appendChild(row);
      bed.chart = chart(plot, (x, layer, w, h) => {
        if (bed.laid !== w) layOut(bed);
        if (layer === 0) {
          x.fillStyle = ink.off; x.beginPath();
          for (let i = 0; i < s.n; i++) if (bed.x[i] >= 0) dot(x, bed.x[i], bed.y[i], HALF - 0.5);
          x.fill();
          const zero = Math.round(s.share(p.dim, 0) * w) + 0.5;
          x.beginPath(); x.moveTo(zero, 0); x.lineTo(zero, h); x.strokeStyle = ink.faint; x.lineWidth = 1; x.stroke();
        } else if (layer === 1) {
          byShade(x, (i) => { if (bed.x[i] >= 0) dot(x, bed.x[i], bed.y[i], HALF - 0.3); }, (c) => { x.fillStyle = c; x.fill(); });
        } else if (s.lit >= 0 && bed.x[s.lit] >= 0) {
          x.beginPath(); dot(x, bed.x[s.lit], bed.y[s.lit], HALF + 1.5);
          x.fillStyle = ink.focus; x.fill(); x.strokeStyle = ink.paper; x.lineWidth = 1.5; x.stroke();
        }
      });
      plot.appendChild(s.axis(p.dim, false, 'spread'));
      plot.addEventListener('pointermove', (e) => {
        if (e.buttons) return;
        const box = plot.getBoundingClientRect(), mx = e.clientX - box.left, my = e.clientY - box.top;
        let best = -1, distance = 10;
        for (let i = 0; i < s.n; i++) { const d = s.keep[i] && bed.x[i] >= 0 ? Math.hypot(bed.x[i] - mx, bed.y[i] - my) : 99; if (d < distance) { distance = d; best = i; } }
        s.look(best);
      });
      return bed;
    });
    const scale = a.make('div', { class: 'scale' });
    [0, 1].forEach((k) => scale.appendChild(a.make('span', {}, s.own ? (k ? 'each on its own scale' : '') : a.signed(Number(s.common[k].toPrecision(2))))));
    swarms.appendChild(scale);
  };

  /* ---- the model's answer against the weights' ------------------------------------------------------------- */

  const faith = a.byId('faith'), LEFT = 51, RIGHT = 10, ABOVE = 10, BELOW = 43;
  const fx = (w, v) => LEFT + s.share('score', v) * (w - LEFT - RIGHT), fy = (h, v) => h - BELOW - s.share('local', v) * (h - ABOVE - BELOW);
  const kind = (r2) => (!isFinite(r2) ? 'none' : r2 >= FIT.good ? 'good' : r2 >= FIT.fair ? 'fair' : 'poor');
  const sign = (x, how, px, py, r) => {
    if (how === 'good' || how === 'none') dot(x, px, py, r);
    else if (how === 'fair') { x.moveTo(px, py - 1.3 * r); x.lineTo(px + 1.2 * r, py + r); x.lineTo(px - 1.2 * r, py + r); x.closePath(); }
    else { x.moveTo(px - r, py - r); x.lineTo(px + r, py + r); x.moveTo(px + r, py - r); x.lineTo(px - r, py + r); }
  };
  const signs = (x, w, h, which, colour) => ['good', 'fair', 'poor', 'none'].forEach((how) => {
    x.beginPath();
    for (let i = 0; i < s.n; i++) {
      const v = s.columns.score[i], l = s.columns.local[i];
      if (which(i) && kind(s.columns.r2[i]) === how && isFinite(l)) sign(x, how, fx(w, v), fy(h, l), { poor: 3.5, none: 1.5 }[how] || 2.8);
    }
    if (how === 'poor') { x.strokeStyle = colour(how); x.lineWidth = 1.6; x.stroke(); } else { x.fillStyle = colour(how); x.fill(); }
  });
  chart(faith, (x, layer, w, h) => {
    if (layer === 0) {
      const d = s.domains.score;
      x.strokeStyle = ink.off; x.lineWidth = 1; x.strokeRect(LEFT + 0.5, ABOVE + 0.5, w - LEFT - RIGHT - 1, h - ABOVE - BELOW - 1);
      x.beginPath(); x.moveTo(fx(w, d[0]), fy(h, d[0])); x.lineTo(fx(w, d[1]), fy(h, d[1])); x.strokeStyle = ink.faint; x.stroke();
      signs(x, w, h, () => true, () => ink.off);
    } else if (layer === 1) signs(x, w, h, (i) => s.keep[i], (how) => ink[how]);
    else if (s.lit >= 0 && isFinite(s.columns.local[s.lit])) {
      x.beginPath(); dot(x, fx(w, s.columns.score[s.lit]), fy(h, s.columns.local[s.lit]), 5);
      x.fillStyle = ink.focus; x.fill(); x.strokeStyle = ink.paper; x.lineWidth = 1.5; x.stroke();
    }
  });
  const buildFaith = () => {
    a.all('.axis, .what', faith).forEach((e) => e.remove());
    faith.appendChild(s.axis('score', false, 'scatter'));
    faith.appendChild(s.axis('local', true, 'scatter'));
    faith.querySelector('.axis .name').remove();
    faith.appendChild(a.make('span', { class: 'what x' }, 'the model\u2019s answer'));
    faith.appendChild(a.make('span', { class: 'what y' }, 'what the weights add up to'));
  };
  /* A rectangle over the points brushes both. */
  faith.addEventListener('pointerdown', (down) => {
    if (down.button !== 0 || down.target.closest('.axis')) return;
    const box = faith.getBoundingClientRect(), within = (v) => Math.max(0, Math.min(1, v));
    const at = (e) => [within((e.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT)), within((box.bottom - BELOW - e.clientY) / (box.height - ABOVE - BELOW))];
    const from = at(down);
    let moved = false;
    faith.setPointerCapture(down.pointerId);
    const move = (e) => {
      const to = at(e);
      moved = moved || Math.hypot(e.clientX - down.clientX, e.clientY - down.clientY) > 4;
      if (moved) s.brush({ score: [0, 1].map((k) => s.value('score', (k ? Math.max : Math.min)(from[0], to[0]))), local: [0, 1].map((k) => s.value('local', (k ? Math.max : Math.min)(from[1], to[1]))) });
    };
    const up = () => {
      faith.removeEventListener('pointermove', move);
      faith.removeEventListener('pointerup', up);
      if (!moved) { if (s.lit >= 0) s.pin(s.lit); else s.brush({ score: null, local: null }); }
    };
    faith.addEventListener('pointermove', move);
    faith.addEventListener('pointerup', up);
  });
  faith.addEventListener('pointermove', (e) => {
    if (e.buttons) return;
    const box = faith.getBoundingClientRect(), mx = e.clientX - box.left, my = e.clientY - box.top;
    let best = -1, distance = 10;
    for (let i = 0; i < s.n; i++) { const d = s.keep[i] ? Math.hypot(fx(box.width, s.columns.score[i]) - mx, fy(box.height, s.columns.local[i]) - my) : 99; if (d < distance) { distance = d; best = i; } }
    s.look(best);
  });
  parallel.addEventListener('pointermove', (e) => { if (e.buttons) return; const box = parallel.getBoundingClientRect(); s.look(nearestLine(e.clientX - box.left, e.clientY - box.top)); });
  parallel.addEventListener('click', (e) => { if (!e.target.closest('.axis') && s.lit >= 0) s.pin(s.lit); });
  [parallel, faith, swarms].forEach((e) => e.addEventListener('pointerleave', () => s.look(s.pinned)));

  /* ---- together ------------------------------------------------------------------------------------------------ */

  s.lit = s.pinned = -1;
  s.build = () => {
    s.axes.length = 0;
    s.bin = Uint8Array.from({ length: s.n }, (v, i) => bin(i));
    buildAxes();
    buildSwarms();
    buildFaith();
    s.axes.forEach((x) => x.scale());
    a.byId('low').textContent = a.number(s.shades[0]);
    a.byId('high').textContent = a.number(s.shades[1]);
    s.redraw([0, 1, 2]);
  };
  readInks();
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { readInks(); s.redraw([0, 1, 2]); });
  new window.ResizeObserver(() => { s.redraw([]); }).observe(document.body);
  s.heard.push(() => s.redraw([1]));
})(window.auscult);
