'use strict';
/* Maps over copies of one spectrogram, and one clock for all sounds: switching does not move the moment. */
(function (a) {
  document.documentElement.classList.add('live');
  const data = a.data('maps');
  if (!data) return;
  const picture = a.byId('seen'), panels = a.all('.panel'), { bands, columns, seconds, span } = data;
  const maps = data.maps.map((m) => new Int8Array(a.bytesOf(m).buffer));

  /* ---- pictures ------------------------------------------------------------------------------------- */

  const colour = (name) => { const probe = a.make('i', { class: name }); panels[0].querySelector('.stage').appendChild(probe); const c = window.getComputedStyle(probe).color.match(/[\d.]+/g).map(Number); probe.remove(); return c; };
  const paint = () => {
    const plus = colour('paint-for'), minus = colour('paint-against');
    panels.forEach((panel, k) => {
      const [under, over] = a.all('canvas', panel), map = maps[k - 1];
      under.width = picture.naturalWidth; under.height = picture.naturalHeight;
      under.getContext('2d').drawImage(picture, 0, 0);
      if (!map) return;
      over.width = columns; over.height = bands;
      const c = over.getContext('2d'), image = c.createImageData(columns, bands);
      for (let b = 0; b < bands; b++) for (let t = 0; t < columns; t++) {
        const v = map[b * columns + t], at = 4 * ((bands - 1 - b) * columns + t), ink = v < 0 ? minus : plus;
        image.data.set([ink[0], ink[1], ink[2], 255 * Math.min(1, Math.abs(v) / 127)], at);
      }
      c.putImageData(image, 0, 0);
    });
  };
  const opacity = a.byId('opacity'), fade = () => a.all('.over').forEach((c) => c.style.setProperty('opacity', opacity.value));
  opacity.addEventListener('input', fade);
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);
  if (picture.complete && picture.naturalWidth) paint(); else picture.addEventListener('load', paint);
  fade();
  document.documentElement.style.setProperty('--shown', String(seconds / span));

  /* ---- sound ------------------------------------------------------------------------------------------- */

  const sounds = new Map();
  let context = null, source = null, chosen = -1, from = 0, began = 0;
  const time = () => (source ? Math.min(seconds, from + context.currentTime - began) : from);
  const decode = (index) => {
    if (!sounds.has(index)) {
      const src = panels.find((p) => Number(p.dataset.panel) === index).querySelector('audio').getAttribute('src'), bytes = a.bytesOf(src.slice(src.indexOf(',') + 1));
      sounds.set(index, context.decodeAudioData(bytes.buffer));
    }
    return sounds.get(index);
  };
  const show = () => {
    panels.forEach((p) => { const here = Number(p.dataset.panel) === chosen; p.classList.toggle('heard', here && Boolean(source)); const b = p.querySelector('[data-play]'); if (b) b.setAttribute('aria-pressed', String(here && Boolean(source))); });
    a.byId('play').textContent = source ? 'Pause' : 'Play';
  };
  const stop = () => { from = time() >= seconds ? 0 : time(); if (source) { source.onended = null; source.stop(); } source = null; show(); };
  const play = (index) => {
    context = context || new window.AudioContext();
    context.resume();
    chosen = index;
    return decode(index).then((buffer) => {
      stop();
      source = context.createBufferSource();
      source.buffer = buffer;
      source.connect(context.destination);
      source.onended = () => { source = null; from = 0; show(); };
      began = context.currentTime;
      source.start(0, from);
      show();
      tick();
    });
  };
  const place = () => { document.documentElement.style.setProperty('--at', time() / seconds); a.byId('clock').textContent = a.clock(time()) + ' of ' + a.clock(seconds); };
  const tick = () => { place(); if (source) window.requestAnimationFrame(tick); };
  const go = (t) => { const was = Boolean(source); stop(); from = Math.max(0, Math.min(seconds, t)); place(); if (was) play(chosen); };
  a.compare = { time, play, stop, go, decode, chosen: () => chosen, playing: () => Boolean(source) };
  a.all('[data-play]').forEach((b) => b.addEventListener('click', () => { const k = Number(b.dataset.play); if (source && chosen === k) stop(); else play(k); }));
  a.byId('play').addEventListener('click', () => { if (source) stop(); else play(chosen); });
  a.all('.stage').forEach((s) => s.addEventListener('click', (e) => { const box = s.getBoundingClientRect(); go((e.clientX - box.left) / box.width * span); }));
  document.addEventListener('keydown', (e) => {
    if (/INPUT|SELECT|TEXTAREA/.test(e.target.tagName) || e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === ' ' && e.target.tagName !== 'BUTTON') { e.preventDefault(); if (source) stop(); else play(chosen); }
    else if (e.key >= '0' && e.key <= '9' && panels[Number(e.key)]) play(Number(panels[Number(e.key)].dataset.panel));
    else if (e.key === 'ArrowLeft' || e.key === 'ArrowRight') go(time() + (e.key === 'ArrowLeft' ? -1 : 1));
  });
  place();
})(window.auscult);
