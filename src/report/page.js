'use strict';
/* The player: every component on one clock. Muting changes gains only, so the cursor never moves. */
(function () {
  var rows = Array.prototype.slice.call(document.querySelectorAll('tr[data-component]'));
  var Context = window.AudioContext || window.webkitAudioContext;
  if (!rows.length || !Context || !window.atob) return;
  document.documentElement.className = 'js';
  var result = JSON.parse(document.getElementById('result').textContent);
  var play = document.getElementById('play'), seek = document.getElementById('seek'), clock = document.getElementById('clock');
  var head = document.getElementById('head'), stage = document.getElementById('stage'), state = document.getElementById('state');
  var context = null, parts = [], on = rows.map(function () { return true; });
  var playing = false, started = 0, at = 0, length = Number(seek.getAttribute('data-seconds'));

  /* 16-bit mono WAV as we wrote it: 44 bytes of header, then samples. */
  function decode(audio) {
    var text = window.atob(audio.getAttribute('src').split(',')[1]), bytes = new Uint8Array(text.length), i;
    for (i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    var view = new DataView(bytes.buffer), n = (bytes.length - 44) / 2;
    var buffer = context.createBuffer(1, Math.max(1, n), view.getUint32(24, true)), x = buffer.getChannelData(0);
    for (i = 0; i < n; i++) x[i] = view.getInt16(44 + 2 * i, true) / 32767;
    return buffer;
  }
  function prepare() {
    if (context) return;
    context = new Context();
    parts = rows.map(function (row) {
      var gain = context.createGain();
      gain.connect(context.destination);
      return { buffer: decode(row.querySelector('audio')), gain: gain, source: null };
    });
    applyGains();
  }
  function applyGains() {
    parts.forEach(function (part, i) { part.gain.gain.value = on[i] ? 1 : 0; });
  }
  function position() { return playing ? Math.min(length, at + context.currentTime - started) : at; }
  function halt() {
    if (!playing) return;
    at = position();
    playing = false;
    parts.forEach(function (part) { if (part.source) { part.source.onended = null; part.source.stop(); part.source = null; } });
  }
  function begin() {
    prepare();
    context.resume();
    if (at >= length) at = 0;
    started = context.currentTime + 0.02;
    parts.forEach(function (part) {
      part.source = context.createBufferSource();
      part.source.buffer = part.buffer;
      part.source.connect(part.gain);
      part.source.start(started, at);
    });
    playing = true;
    window.requestAnimationFrame(draw);
  }
  function toggle() { if (playing) halt(); else begin(); draw(); }
  function go(seconds) {
    var was = playing;
    halt();
    at = Math.max(0, Math.min(length, seconds));
    if (was) begin();
    draw();
  }
  function draw() {
    var t = position();
    if (playing && t >= length) { halt(); at = 0; t = 0; }
    seek.value = String(length ? t / length : 0);
    clock.textContent = t.toFixed(1) + ' / ' + length.toFixed(1) + ' s';
    if (head) head.style.setProperty('left', (length ? 100 * t / length : 0) + '%');
    play.textContent = playing ? 'Pause' : 'Play';
    if (playing) window.requestAnimationFrame(draw);
  }
  function show() {
    var heard = [];
    rows.forEach(function (row, i) {
      var button = row.querySelector('button.on');
      button.setAttribute('aria-pressed', String(on[i]));
      if (on[i]) heard.push(row.getAttribute('data-name'));
    });
    state.textContent = heard.length === rows.length ? 'everything: the input' : heard.length ? heard.join(' + ') : 'nothing';
    if (context) applyGains();
  }
  function choose(test) { on = rows.map(function (row, i) { return test(i); }); show(); }
  /* The value that the table shows: Shapley where there is one, else the weight. */
  function value(target, i) {
    var c = result.targets[target].components[i];
    return c.shapley === null ? c.weight : c.shapley;
  }
  function rank(target, i) {
    var mine = value(target, i);
    return rows.filter(function (row, k) { var v = value(target, k); return v > mine || (v === mine && k < i); }).length;
  }
  rows.forEach(function (row, i) {
    row.querySelector('button.on').addEventListener('click', function () { on[i] = !on[i]; show(); });
    row.querySelector('button.solo').addEventListener('click', function () {
      var only = on.filter(Boolean).length === 1 && on[i];
      choose(function (k) { return only || k === i; });
    });
  });
  Array.prototype.forEach.call(document.querySelectorAll('button[data-mix]'), function (button) {
    button.addEventListener('click', function () {
      var kind = button.getAttribute('data-mix'), target = Number(button.getAttribute('data-target'));
      choose(function (i) {
        if (kind === 'for') return value(target, i) > 0;
        if (kind === 'against') return value(target, i) < 0;
        if (kind === 'top') return rank(target, i) < 3 && value(target, i) > 0;
        return true;
      });
      if (!playing) toggle();
    });
  });
  play.addEventListener('click', toggle);
  seek.addEventListener('input', function () { go(Number(seek.value) * length); });
  if (stage) stage.addEventListener('click', function (e) {
    var box = stage.getBoundingClientRect();
    go((e.clientX - box.left) / box.width * length);
  });
  document.addEventListener('keydown', function (e) {
    if (/^(INPUT|BUTTON|AUDIO|A)$/.test(e.target.tagName) || e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === ' ') { e.preventDefault(); toggle(); }
    else if (e.key === 'ArrowLeft') go(position() - 1);
    else if (e.key === 'ArrowRight') go(position() + 1);
    else if (e.key === '0') choose(function () { return true; });
    else if (/^[1-9]$/.test(e.key) && Number(e.key) <= rows.length) choose(function (i) { return i === Number(e.key) - 1; });
  });
  show();
  draw();
})();
