'use strict';
/* The mixing desk: all tracks on one clock. Switching changes gains only, so the cursor never moves; a loop is
 * scheduled ahead on the sound's own clock, so it has no gap. */
(function (a) {
  const desk = a.byId('desk'), Context = window.AudioContext || window.webkitAudioContext;
  if (!desk || !Context || !window.OfflineAudioContext) return;
  document.documentElement.classList.add('live');
  const rate = Number(desk.dataset.rate), length = Number(desk.dataset.samples) / rate, state = a.state;
  const mute = desk.dataset.sound === 'none'; /* a saved result without its sound: switches only */
  const apart = desk.dataset.sound === 'folder'; /* sound in files beside the page: a page from a file may play but not read them */
  const rows = a.all('.track', desk), part = rows.filter((e) => Number(e.dataset.component) >= 0);
  const played = rows.filter((e) => Number(e.dataset.component) >= (part.length ? -1 : -2));
  const tracks = played.map((e) => ({ e, component: Number(e.dataset.component), begin: Number(e.dataset.begin) / rate, audio: null, buffer: null, gain: null }));
  const play = a.byId('play'), seek = a.byId('seek'), clock = a.byId('clock'), loop = a.byId('loop');
  let context = null, ready = null, playing = false, started = 0, from = 0, at = 0, until = length, next = null, queue = [], special = null;

  /* ---- sound ---- */

  const wav = (bytes) => { /* as we wrote it: 16 or 24 bits, one channel; the data chunk comes last */
    const view = new DataView(bytes.buffer);
    let p = 12, width = 2;
    while (view.getUint32(p, false) !== 0x64617461) {
      if (view.getUint32(p, false) === 0x666d7420) width = view.getUint16(p + 22, true) / 8;
      p += 8 + view.getUint32(p + 4, true);
    }
    const n = view.getUint32(p + 4, true) / width, x = new Float32Array(n);
    for (let i = 0, q = p + 8; i < n; i++, q += width) x[i] = width === 2 ? view.getInt16(q, true) / 32768 : ((view.getInt8(q + 2) << 16) | view.getUint16(q, true)) / 8388608;
    return x;
  };
  /* Chromium reads positive 16-bit samples as shares of 32767 and negative ones of 32768, others both of 32768: back to what
   * was written, so that tracks add up exactly. */
  const onGrid = (x) => {
    let odd = 0, even = 0;
    for (let i = 0; i < x.length; i++) if (x[i] > 0.001) { odd += Math.abs(x[i] * 32767 - Math.round(x[i] * 32767)); even += Math.abs(x[i] * 32768 - Math.round(x[i] * 32768)); }
    const up = odd < even ? 32767 : 32768;
    for (let i = 0; i < x.length; i++) x[i] = Math.round(x[i] * (x[i] > 0 ? up : 32768)) / 32768;
  };
  const decode = (track) => {
    const url = track.audio.getAttribute('src'), bytes = a.bytesOf(url.slice(url.indexOf(',') + 1));
    const offline = new window.OfflineAudioContext(1, 1, rate);
    if (url.startsWith('data:audio/flac')) return offline.decodeAudioData(bytes.buffer).then((b) => { track.buffer = b; if (desk.dataset.bits === '16') onGrid(b.getChannelData(0)); });
    const x = wav(bytes);
    track.buffer = offline.createBuffer(1, Math.max(1, x.length), rate);
    track.buffer.copyToChannel(x, 0);
    return Promise.resolve();
  };
  const prepare = () => {
    if (!ready) ready = a.loaded.then(() => { /* the sound stands after the scripts */
      tracks.forEach((t) => { t.audio = document.querySelector('#players audio[data-component="' + t.component + '"]'); });
      return apart ? together(0) : Promise.all(tracks.map(decode));
    });
    return ready;
  };
  /* Players in files: all at this second and able to go on, so that they start in step. */
  const together = (s) => Promise.all(tracks.map((t) => new Promise((ok) => {
    const m = t.audio, there = () => { m.removeEventListener('canplaythrough', there); m.removeEventListener('error', there); ok(); };
    m.preload = 'auto';
    m.preservesPitch = false;
    m.playbackRate = 1;
    if (Math.abs(m.currentTime - s) < 1e-6 && m.readyState === 4) { ok(); return; }
    m.addEventListener('canplaythrough', there);
    m.addEventListener('error', there);
    if (m.readyState === 0) m.load();
    m.currentTime = s;
  })));
  /* Half of what a player is off is made good in the next second by its speed, at most 2 %; more than a tenth by a jump. */
  const steer = (t) => {
    let most = 0;
    tracks.forEach((k) => {
      const off = k.audio.currentTime - t;
      most = Math.max(most, Math.abs(off));
      if (Math.abs(off) > 0.1) k.audio.currentTime = t;
      k.audio.playbackRate = Math.abs(off) < 0.002 || Math.abs(off) > 0.1 ? 1 : 1 - Math.max(-0.02, Math.min(0.02, off / 2));
    });
    a.off = most;
    a.byId('apart').textContent = Math.round(1000 * most) + ' ms';
  };
  const gainOf = (t) => (t.component < 0 ? 1 : state.on[t.component] ? state.volume[t.component] : 0);
  /* Starts every track in ctx so that second `start` of the sound is heard at `when`, up to second `end`. */
  const wire = (ctx, list, start, end, when) => list.map((t) => {
    const s = ctx.createBufferSource(), skip = Math.max(0, start - t.begin), wait = Math.max(0, t.begin - start), long = end - start - wait;
    s.buffer = t.buffer;
    s.connect(t.gain);
    if (long > 0 && skip < t.buffer.duration) s.start(when + wait, skip, long);
    return s;
  });
  /* What is heard now, in one piece and without a loudspeaker: for masks, and for the tests. */
  a.render = (on) => prepare().then(() => {
    const n = Number(desk.dataset.samples), ctx = new window.OfflineAudioContext(1, n, rate);
    const list = tracks.map((t) => {
      const gain = ctx.createGain();
      gain.gain.value = on && t.component >= 0 ? (on[t.component] ? 1 : 0) : on ? 1 : gainOf(t);
      gain.connect(ctx.destination);
      return { buffer: t.buffer, begin: t.begin, gain };
    });
    wire(ctx, list, 0, length, 0);
    return ctx.startRendering();
  }).then((b) => b.getChannelData(0));

  /* ---- transport ---- */

  const window_ = () => state.loop || [0, length];
  const position = () => {
    if (!playing) return at;
    if (apart) return Math.min(length, tracks[0].audio.currentTime);
    return Math.min(until, Math.max(from, from + context.currentTime - started));
  };
  const schedule = (start, end, when) => {
    const list = special ? [special] : tracks;
    queue.push(...wire(context, list, start, end, when));
    if (queue.length > 4 * list.length) queue.splice(0, queue.length - 4 * list.length);
  };
  const halt = () => {
    if (!playing) return;
    at = position();
    playing = false;
    next = null;
    if (apart) tracks.forEach((t) => t.audio.pause());
    queue.forEach((s) => { try { s.stop(); } catch (e) { /* never started: its part lies elsewhere */ } });
    queue = [];
  };
  const start = () => {
    const [low, high] = window_();
    if (at >= high - 0.001 || at < low) at = low;
    return apart ? together(at) : null;
  };
  const begin = () => mute ? Promise.resolve() : prepare().then(start).then(() => {
    if (playing) return;
    const high = window_()[1];
    from = at;
    until = high;
    playing = true;
    if (apart) {
      tracks.forEach((t) => t.audio.play());
      gains();
    } else {
      if (!context) {
        try { context = new Context({ sampleRate: rate }); } catch (e) { context = new Context(); }
        tracks.forEach((t) => { t.gain = context.createGain(); t.gain.connect(context.destination); });
      }
      context.resume();
      started = context.currentTime + 0.02;
      gains();
      schedule(from, until, started);
    }
    window.requestAnimationFrame(draw);
    mark();
  });
  const gains = () => !mute && tracks.forEach((t) => {
    if (apart && !t.audio) return;
    if (apart) { t.audio.muted = gainOf(t) === 0; t.audio.volume = Math.min(1, gainOf(t)); }
    else if (t.gain) t.gain.gain.value = gainOf(t);
  });
  const restart = () => { const was = playing; halt(); return was ? begin() : Promise.resolve(mark()); };
  const go = (s) => { halt_to(Math.max(0, Math.min(length, s))); };
  const halt_to = (s) => { const was = playing; halt(); at = s; if (was) begin(); mark(); };
  const toggle = () => { if (playing) { halt(); mark(); } else begin(); };
  /* Plays this sound [samples] instead of the tracks (a region, the positive part); null: the tracks again. */
  a.playOnly = (x, label) => {
    const was = playing;
    halt();
    special = null;
    if (x) {
      const buffer = new window.OfflineAudioContext(1, 1, rate).createBuffer(1, x.length, rate);
      buffer.copyToChannel(x, 0);
      special = { buffer, begin: 0, get gain() { return context.destination; } };
    }
    a.change({ only: x ? label : null });
    return x || was ? begin() : Promise.resolve();
  };
  const mark = () => {
    const t = position();
    seek.value = String(length ? t / length : 0);
    seek.setAttribute('aria-valuetext', a.clock(t));
    clock.textContent = a.clock(t) + ' / ' + a.clock(length);
    document.documentElement.style.setProperty('--at', String(length ? t / length : 0));
    play.textContent = playing ? 'Pause' : 'Play';
    play.setAttribute('aria-pressed', String(playing));
    if (a.onTime) a.onTime(t, playing);
  };
  const draw = () => {
    if (!playing) return;
    const looping = loop.getAttribute('aria-pressed') === 'true', [low, high] = window_();
    if (apart) {
      const t = position();
      steer(t);
      if (t >= high - 0.03) { if (looping) go(low); else { halt(); at = low; } }
    } else {
      const left = until - from - (context.currentTime - started);
      if (looping && next === null && left < 0.5) { next = started + until - from; schedule(low, high, next); }
      if (left <= 0 && next !== null) { started = next; from = low; until = high; next = null; }
      else if (left <= 0) { halt(); at = low; }
    }
    mark();
    window.requestAnimationFrame(draw);
  };

  /* ---- switches ---- */

  const n = part.length;
  const choose = (test) => { if (special) a.playOnly(null); a.change({ on: state.on.map((o, i) => Boolean(test(i, o))) }); };
  const solo = (i) => { const only = state.on[i] && state.on.filter(Boolean).length === 1; choose((k) => only || k === i); };
  const name = (i) => part[i].dataset.name;
  a.change({ on: part.map(() => true), volume: part.map(() => 1) });
  part.forEach((e, i) => {
    e.querySelector('.mute').addEventListener('click', () => choose((k, o) => (k === i ? !o : o)));
    e.querySelector('.solo').addEventListener('click', () => solo(i));
    e.querySelector('.volume').addEventListener('input', (event) => {
      a.change({ volume: state.volume.map((v, k) => (k === i ? Number(event.target.value) : v)) });
    });
  });
  a.hear((s) => {
    const heard = s.on.map((o, i) => (o ? i : -1)).filter((i) => i >= 0), level = s.volume.some((v, i) => s.on[i] && v !== 1);
    part.forEach((e, i) => {
      const alone = s.on[i] && heard.length === 1 && n > 1;
      e.classList.toggle('off', !s.on[i]);
      e.querySelector('.mute').setAttribute('aria-pressed', String(!s.on[i]));
      e.querySelector('.solo').setAttribute('aria-pressed', String(alone));
      const v = a.valueOf && a.result.targets.length ? a.valueOf(s.target, i) : null, most = Math.max(...part.map((p, k) => Math.abs(a.valueOf(s.target, k)) || 0));
      const bar = e.querySelector('.share i');
      e.querySelector('.share output').textContent = v === null ? '' : a.signed(v);
      bar.style.setProperty('--size', (most > 0 ? Math.abs(v) / most : 0).toFixed(4));
      bar.className = v < 0 ? 'against' : 'for';
      e.querySelector('.volume').setAttribute('aria-valuetext', Math.round(100 * s.volume[i]) + ' %' + (s.volume[i] === 1 ? '' : ', a level that was not evaluated'));
    });
    a.byId('state').textContent = s.only ? s.only : (n === 0 || heard.length === n ? 'everything: the input' : heard.length === 0 ? 'nothing' :
      heard.length <= 6 ? heard.map(name).join(' + ') : heard.length + ' of ' + n + ' parts') + (level ? ', at levels that were not evaluated' : '');
    a.byId('levels').hidden = !level;
    gains();
  });
  a.byId('levels').addEventListener('click', () => {
    a.all('.volume', desk).forEach((v) => { v.value = '1'; });
    a.change({ volume: state.volume.map(() => 1) });
  });
  const rank = (i) => part.filter((e, k) => { const v = a.valueOf(state.target, k), w = a.valueOf(state.target, i); return v > w || (v === w && k < i); }).length;
  const mixes = {
    all: () => true,
    none: () => false,
    for: (i) => a.valueOf(state.target, i) > 0,
    against: (i) => a.valueOf(state.target, i) < 0,
    top: (i) => rank(i) < 3 && a.valueOf(state.target, i) > 0,
    invert: (i, o) => !o
  };
  a.all('button[data-mix]').forEach((b) => b.addEventListener('click', () => {
    choose(mixes[b.dataset.mix]);
    if (b.dataset.mix !== 'invert' && !playing) begin();
  }));
  /* What speaks for an answer: parts of it, or, where its own map tells more than the parts, the marked cells. */
  a.all('[data-hear]').forEach((b) => b.addEventListener('click', () => {
    const k = Number(b.dataset.hear), map = a.result.targets[k].map;
    a.change({ target: k });
    if (map && a.sound && (k > 0 || n !== 3)) { a.sound('for').then((s) => a.playOnly(s.x, s.label)); return; }
    choose(mixes.for);
    if (!playing) begin();
  }));
  a.all('[data-on]').forEach((b) => b.addEventListener('click', () => {
    choose((i) => b.dataset.on[i] === '1');
    if (!playing) begin();
  }));
  a.mix = choose;

  /* ---- time: seek, drag a loop ---- */

  const setLoop = (range) => {
    a.change({ loop: range });
    loop.setAttribute('aria-pressed', String(Boolean(range) || loop.getAttribute('aria-pressed') === 'true'));
    const style = document.documentElement.style;
    style.setProperty('--loop-from', String(range ? range[0] / length : 0));
    style.setProperty('--loop-to', String(range ? range[1] / length : 0));
    document.documentElement.classList.toggle('ranged', Boolean(range));
    a.byId('range').textContent = range ? a.clock(range[0]) + ' \u2013 ' + a.clock(range[1]) : 'all of it';
    restart();
  };
  a.setLoop = setLoop;
  a.go = go;
  a.time = position;
  a.length = length;
  a.rate = rate;
  const dragTime = (e) => {
    const box = e.currentTarget.getBoundingClientRect(), second = (x) => Math.max(0, Math.min(1, (x - box.left) / box.width)) * length, x0 = e.clientX, lane = e.currentTarget;
    if (e.button !== 0) return;
    lane.setPointerCapture(e.pointerId);
    const end = (up) => {
      lane.removeEventListener('pointerup', end);
      const p = second(x0), q = second(up.clientX);
      if (Math.abs(up.clientX - x0) < 5) go(p);
      else setLoop([Math.min(p, q), Math.max(p, q)]);
    };
    lane.addEventListener('pointerup', end);
  };
  a.all('.lane', desk).forEach((e) => e.addEventListener('pointerdown', dragTime));
  play.addEventListener('click', toggle);
  seek.addEventListener('input', () => go(Number(seek.value) * length));
  loop.addEventListener('click', () => {
    const was = loop.getAttribute('aria-pressed') === 'true';
    loop.setAttribute('aria-pressed', String(!was));
    if (was) setLoop(null);
  });
  const ends = (low, high) => setLoop(high - low > 0.02 ? [low, high] : null);
  const loopFrom = () => ends(position(), state.loop && state.loop[1] > position() ? state.loop[1] : length);
  const loopTo = () => ends(state.loop && state.loop[0] < position() ? state.loop[0] : 0, position());
  a.byId('loop-from').addEventListener('click', loopFrom);
  a.byId('loop-to').addEventListener('click', loopTo);
  document.addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|TEXTAREA|AUDIO)$/.test(e.target.tagName)) return;
    const digit = /^Digit([1-9])$/.exec(e.code), keys = {
      ArrowLeft: () => go(position() - 1), ArrowRight: () => go(position() + 1), Home: () => go(0), 0: () => choose(() => true),
      l: () => loop.click(), i: loopFrom, o: loopTo,
      t: () => a.change({ target: (state.target + 1) % Math.max(1, a.result.targets.length) })
    };
    if (e.key === ' ' && !/^(BUTTON|A|SUMMARY)$/.test(e.target.tagName)) { e.preventDefault(); toggle(); }
    else if (digit && Number(digit[1]) <= n) { if (e.shiftKey) choose((k, o) => (k === digit[1] - 1 ? !o : o)); else solo(digit[1] - 1); }
    else if (keys[e.key]) { e.preventDefault(); keys[e.key](); }
  });
  const copy = a.byId('copy');
  if (copy) copy.addEventListener('click', () => {
    const range = document.createRange(), chosen = window.getSelection();
    range.selectNodeContents(a.byId('command'));
    chosen.removeAllRanges();
    chosen.addRange(range);
    copy.textContent = document.execCommand('copy') ? 'copied' : 'selected: copy it with your keys';
  });
  if (mute) [play, seek, loop, a.byId('loop-from'), a.byId('loop-to')].forEach((e) => { e.disabled = true; });
  mark();
})(window.auscult);
