'use strict';
/* An axis that can be brushed: drag along it, or move its two ends with the keys. Several axes may show the same dimension. */
(function (a) {
  const s = a.set;
  if (!s) return;
  s.axes = [];
  const clamp = (v) => Math.max(0, Math.min(1, v));
  /* upright: from the foot up, else from left to right. Gives the element. */
  s.axis = (dim, upright, named) => {
    const e = a.make('div', { class: 'axis ' + (upright ? 'up' : 'along') }), name = s.dimName(dim);
    const band = a.make('div', { class: 'band' });
    const thumbs = ['lowest', 'highest'].map((which) => a.make('div', { class: 'thumb', role: 'slider', tabindex: '0', 'aria-orientation': upright ? 'vertical' : 'horizontal',
      'aria-label': (named ? named + ': ' : '') + which + ' ' + name + ' kept' }));
    if (upright) e.appendChild(a.make('span', { class: 'name' }, name));
    const ends = ['foot', 'top'].map((k) => { const x = a.make('span', { class: 'end ' + k }); e.appendChild(x); return x; });
    e.appendChild(band);
    thumbs.forEach((t) => e.appendChild(t));
    const shares = () => { const b = s.brushes.get(dim); return b ? b.map((v) => clamp(s.share(dim, v))) : [0, 1]; };
    const set = (low, high) => s.brush({ [dim]: low <= 0 && high >= 1 ? null : [low <= 0 ? -Infinity : s.value(dim, low), high >= 1 ? Infinity : s.value(dim, high)] });
    const show = () => {
      const on = s.brushes.has(dim), [low, high] = shares();
      e.classList.toggle('on', on);
      e.style.setProperty('--lo', low);
      e.style.setProperty('--hi', high);
      thumbs.forEach((t, i) => {
        const v = [low, high][i], d = s.domains[dim];
        t.style.setProperty('--here', v);
        t.setAttribute('aria-valuemin', a.number(d[0]));
        t.setAttribute('aria-valuemax', a.number(d[1]));
        t.setAttribute('aria-valuenow', a.number(s.value(dim, v)));
      });
    };
    const scale = () => { const d = s.domains[dim]; ends.forEach((x, i) => { x.textContent = a.number(Number(d[i].toPrecision(2))).replace('-', '\u2212'); }); show(); };
    thumbs.forEach((t, i) => t.addEventListener('keydown', (k) => {
      const now = shares(), step = k.shiftKey ? 0.1 : 0.02;
      const to = { ArrowUp: now[i] + step, ArrowRight: now[i] + step, ArrowDown: now[i] - step, ArrowLeft: now[i] - step, PageUp: now[i] + 0.1, PageDown: now[i] - 0.1, Home: 0, End: 1 }[k.key];
      if (k.key === 'Delete' || k.key === 'Backspace' || k.key === 'Escape') s.brush({ [dim]: null });
      else if (to === undefined) return;
      else { now[i] = clamp(to); set(Math.min(i ? now[0] : 1, i ? 1 : now[0], now[1]), Math.max(now[0], now[1])); }
      k.preventDefault();
    }));
    /* Drag a new stretch, or the end that is near the pointer; a click lets go. */
    e.addEventListener('pointerdown', (down) => {
      if (down.button !== 0) return;
      const box = e.getBoundingClientRect(), at = (m) => clamp(upright ? (box.bottom - m.clientY) / box.height : (m.clientX - box.left) / box.width);
      const start = at(down), now = shares(), grip = 8 / (upright ? box.height : box.width);
      const held = s.brushes.has(dim) ? now.findIndex((v) => Math.abs(v - start) < grip) : -1, fixed = held >= 0 ? now[1 - held] : start;
      let moved = false;
      e.setPointerCapture(down.pointerId);
      const move = (m) => {
        const here = at(m);
        moved = moved || Math.abs(here - start) > 0.5 * grip;
        if (moved) set(Math.min(fixed, here), Math.max(fixed, here));
      };
      const up = () => {
        e.removeEventListener('pointermove', move);
        e.removeEventListener('pointerup', up);
        e.removeEventListener('pointercancel', up);
        if (!moved && held < 0) s.brush({ [dim]: null });
      };
      e.addEventListener('pointermove', move);
      e.addEventListener('pointerup', up);
      e.addEventListener('pointercancel', up);
      down.preventDefault();
    });
    s.axes.push({ e, show, scale });
    return e;
  };
  s.heard.push(() => s.axes.forEach((x) => x.show()));
})(window.auscult);
