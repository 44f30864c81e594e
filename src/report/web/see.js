'use strict';
/* The picture: the map in two colours over the greys, zoom, cursor, and a brush whose region can be heard. */
(function (a) {
  const stage = a.byId('stage'), seen = a.data('seen');
  if (!stage || !seen || !a.render) return;
  const canvas = a.byId('map'), scroll = a.all('.scroll')[0], zoomed = a.all('.zoomed')[0], brush = a.all('.brush', stage)[0];
  const { bands, columns } = seen, column = seen.column_s, span = columns * column, share = Number(zoomed.dataset.share);
  const values = seen.maps.map((m) => (m ? new Int8Array(a.bytesOf(m.values).buffer) : null));
  document.documentElement.style.setProperty('--shown', String(share));

  /* ---- colours ---- */

  const colour = (name) => {
    const probe = a.make('i', { class: name });
    stage.appendChild(probe);
    const c = window.getComputedStyle(probe).color.match(/[\d.]+/g).map(Number);
    probe.remove();
    return c;
  };
  /* The byte that the strongest hundredth of the cells that are not zero reach: there the colour is full. */
  const fullOf = (v) => {
    const count = new Uint32Array(129);
    let all = 0, level = 128;
    v.forEach((x) => { if (x) { count[Math.abs(x)]++; all++; } });
    for (let above = 0; level > 1 && above <= all / 100;) above += count[--level];
    return Math.max(1, Math.min(127, level));
  };
  let painted = null;
  const paint = () => {
    const v = values[a.state.target], c = canvas.getContext('2d');
    c.clearRect(0, 0, columns, bands);
    canvas.hidden = !v;
    if (!v) return;
    const image = c.createImageData(columns, bands), plus = colour('paint-for'), minus = colour('paint-against'), full = fullOf(v);
    for (let b = 0; b < bands; b++) for (let k = 0; k < columns; k++) {
      const x = v[b * columns + k], p = 4 * ((bands - 1 - b) * columns + k), ink = x < 0 ? minus : plus;
      image.data[p] = ink[0]; image.data[p + 1] = ink[1]; image.data[p + 2] = ink[2]; image.data[p + 3] = 255 * Math.min(1, Math.abs(x) / full);
    }
    c.putImageData(image, 0, 0);
    a.all('[data-full]').forEach((e) => { e.textContent = '\u00b1' + a.number((full / 127) ** 2 * seen.maps[a.state.target].peak); });
    a.all('[data-peak]').forEach((e) => { e.textContent = a.number(seen.maps[a.state.target].peak); });
  };
  const opacity = a.byId('opacity'), zoom = a.byId('zoom');
  const see = () => {
    if (opacity) canvas.style.setProperty('opacity', opacity.value);
    zoomed.style.setProperty('width', 100 * Number(zoom.value) + '%');
  };
  if (opacity) opacity.addEventListener('input', see);
  zoom.addEventListener('input', () => {
    const middle = (a.time() / a.length) * share;
    see();
    scroll.scrollLeft = middle * zoomed.clientWidth - scroll.clientWidth / 2;
  });
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);
  a.hear((s) => { /* after the first look at the page; then when another answer is chosen */
    if (painted === s.target) return;
    if (painted !== null) paint();
    else window.requestAnimationFrame(() => window.setTimeout(paint));
    painted = s.target;
  });
  a.paint = paint;
  see();
  a.onTime = (t, playing) => {
    if (!playing || Number(zoom.value) === 1) return;
    const x = t / span * zoomed.clientWidth;
    if (x < scroll.scrollLeft || x > scroll.scrollLeft + scroll.clientWidth) scroll.scrollLeft = x - 0.1 * scroll.clientWidth;
  };

  /* ---- a region: seconds and hertz ---- */

  const edge = (b) => (b <= 0 ? 0 : b >= bands ? a.rate / 2 : 0.5 * (seen.hz[b - 1] + seen.hz[b]));
  const bandOf = (hz) => { let b = 0; while (b + 1 < bands && edge(b + 1) <= hz) b++; return b; };
  const fields = ['t0', 't1', 'f0', 'f1'].map(a.byId), inFolder = !fields[0];
  let region = { t0: 0, t1: a.length, f0: 0, f1: a.rate / 2 };
  const whole = () => region.t0 <= 0 && region.t1 >= a.length && region.f0 <= 0 && region.f1 >= a.rate / 2;
  const showRegion = () => {
    const width = (s) => 100 * Math.max(0, Math.min(1, s / span)), height = (hz, up) => 100 * (1 - Math.min(bands, (hz >= a.rate / 2 ? bands : bandOf(hz) + (up && edge(bandOf(hz)) < hz ? 1 : 0))) / bands);
    brush.hidden = whole();
    brush.style.setProperty('left', width(region.t0) + '%');
    brush.style.setProperty('width', width(region.t1) - width(region.t0) + '%');
    brush.style.setProperty('top', height(region.f1, true) + '%');
    brush.style.setProperty('height', height(region.f0) - height(region.f1, true) + '%');
    if (!inFolder) [region.t0, region.t1, region.f0, region.f1].forEach((v, i) => { fields[i].value = String(Number(v.toPrecision(4))); });
  };
  const setRegion = (r) => { region = r; showRegion(); };
  a.setRegion = setRegion;
  fields.filter(Boolean).forEach((f) => f.addEventListener('change', () => {
    const [t0, t1, f0, f1] = fields.map((e) => Number(e.value));
    setRegion({ t0: Math.max(0, Math.min(t0, t1)), t1: Math.min(a.length, Math.max(t0, t1)), f0: Math.max(0, Math.min(f0, f1)), f1: Math.min(a.rate / 2, Math.max(f0, f1)) });
  }));
  stage.addEventListener('pointerdown', (down) => {
    if (down.button !== 0) return;
    const box = stage.getBoundingClientRect(), part = (v, from, size) => Math.max(0, Math.min(1, (v - from) / size));
    const x0 = part(down.clientX, box.left, box.width), y0 = part(down.clientY, box.top, box.height);
    stage.setPointerCapture(down.pointerId);
    const move = (e) => {
      if (inFolder || Math.hypot(e.clientX - down.clientX, e.clientY - down.clientY) < 5) return;
      const x1 = part(e.clientX, box.left, box.width), y1 = part(e.clientY, box.top, box.height);
      setRegion({ t0: Math.min(x0, x1) * span, t1: Math.min(a.length, Math.max(x0, x1) * span), f0: edge(Math.floor((1 - Math.max(y0, y1)) * bands)), f1: edge(Math.ceil((1 - Math.min(y0, y1)) * bands)) });
    };
    const up = (e) => {
      stage.removeEventListener('pointermove', move);
      stage.removeEventListener('pointerup', up);
      if (Math.hypot(e.clientX - down.clientX, e.clientY - down.clientY) < 5) a.go(x0 * span);
    };
    stage.addEventListener('pointermove', move);
    stage.addEventListener('pointerup', up);
  });

  /* ---- play only ---- */

  const cell = (t, hz) => bandOf(hz) * columns + Math.max(0, Math.min(columns - 1, Math.round(t / column)));
  /* The value that a cell must reach to be among the top p percent. */
  const limit = (v, p) => { const s = Int8Array.from(v).sort(); return s[Math.max(0, Math.min(s.length - 1, s.length - Math.round(s.length * p / 100)))]; };
  const keeps = {
    for: (v) => [(t, hz) => (v[cell(t, hz)] > 0 ? 1 : 0), 'only where the map is positive'],
    against: (v) => [(t, hz) => (v[cell(t, hz)] < 0 ? 1 : 0), 'only where the map is negative'],
    top: (v) => {
      const p = Math.max(0.1, Math.min(100, Number(a.byId('share').value) || 5)), least = Math.max(1, limit(v, p));
      return [(t, hz) => (v[cell(t, hz)] >= least ? 1 : 0), 'only the top ' + a.number(p) + ' % of the map'];
    },
    region: () => [(t, hz) => (t >= region.t0 && t <= region.t1 && hz >= region.f0 && hz <= region.f1 ? 1 : 0),
      'only ' + a.clock(region.t0) + ' \u2013 ' + a.clock(region.t1) + ', ' + a.number(region.f0) + ' \u2013 ' + a.number(region.f1) + ' Hz']
  };
  /* The sound of some cells of what is switched on, as samples: for playing, and for the tests. */
  a.sound = (kind) => {
    const [keep, label] = keeps[kind](values[a.state.target]);
    return a.render().then((x) => ({ x: a.masked(x, a.rate, keep), label }));
  };
  a.all('button[data-only]').forEach((b) => b.addEventListener('click', () => {
    a.sound(b.dataset.only).then((s) => {
      if (b.dataset.only === 'region' && (region.t0 > 0 || region.t1 < a.length)) a.setLoop([region.t0, region.t1]);
      return a.playOnly(s.x, s.label);
    });
  }));
  if (!inFolder) a.byId('whole').addEventListener('click', () => {
    setRegion({ t0: 0, t1: a.length, f0: 0, f1: a.rate / 2 });
    a.setLoop(null);
    a.playOnly(null);
  });
  a.byId('region') && a.byId('region').addEventListener('submit', (e) => e.preventDefault());
  showRegion();
})(window.auscult);
/* What is below the fold is laid out after the first look. */
window.requestAnimationFrame(() => window.setTimeout(() => document.documentElement.classList.add('settled'), 60));
window.auscult.interactive = window.performance.now();
