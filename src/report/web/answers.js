'use strict';
/* What the model says to what is switched on: looked up in the table of mixes it was really asked about. Only
 * where that mix was not among them is the surrogate's guess shown, and it is called a guess. */
(function (a) {
  const result = a.result;
  if (!result || !result.targets) return;
  const targets = result.targets, d = result.components.length, row = new Map();
  let answers = null;
  if (result.table) {
    const bits = a.bytesOf(result.table.mixes), width = Math.ceil(d / 8), raw = a.bytesOf(result.table.answers);
    answers = new DataView(raw.buffer);
    for (let r = 0; r < result.table.rows; r++) {
      const key = String.fromCharCode.apply(null, bits.subarray(r * width, (r + 1) * width));
      if (!row.has(key)) row.set(key, r);
    }
  }
  const keyOf = (on) => {
    const bits = new Uint8Array(Math.ceil(d / 8));
    on.forEach((o, i) => { if (o) bits[i >> 3] |= 128 >> (i & 7); });
    return String.fromCharCode.apply(null, bits);
  };
  const asked = (r, k) => answers.getFloat32(4 * (r * targets.length + k), true);
  /* on: booleans; volume: factors. Gives {value, kind} with kind "model", "guess" or "none". */
  a.answer = (k, on, volume, only) => {
    const t = targets[k], plain = volume.every((v, i) => !on[i] || v === 1);
    if (only) return { value: null, kind: 'none' };
    if (plain && answers && row.has(keyOf(on))) return { value: asked(row.get(keyOf(on)), k), kind: 'model' };
    if (plain && on.every(Boolean)) return { value: t.score, kind: 'model' };
    if (plain && !answers) { /* a map: its parts were tried one by one */
      const heard = on.reduce((s, o) => s + (o ? 1 : 0), 0), c = t.components, one = heard === 1 ? c[on.indexOf(true)].alone : heard === d - 1 ? c[on.indexOf(false)].without : null;
      if (one !== null && one !== undefined) return { value: one, kind: 'model' };
    }
    if (t.intercept === null || !d) return { value: null, kind: 'none' };
    return { value: t.components.reduce((s, c, i) => s + (on[i] ? volume[i] * c.weight : 0), t.intercept), kind: 'guess' };
  };
  /* The scale of the bars: probabilities from 0 to 1, other numbers over all that was seen. */
  a.scaleOf = (k) => {
    if (result.settings.scale !== 'logit' && result.model.score !== 'real') return [0, 1];
    let low = Math.min(targets[k].score, targets[k].score_none === null ? 0 : targets[k].score_none), high = Math.max(targets[k].score, low);
    for (let r = 0; answers && r < result.table.rows; r++) {
      const v = asked(r, k);
      if (isFinite(v)) { low = Math.min(low, v); high = Math.max(high, v); }
    }
    return low < high ? [low, high] : [low - 1, low + 1];
  };
  /* The value that stands for a component: its Shapley value where there is one, else its weight. */
  a.valueOf = (k, i) => { const c = targets[k].components[i]; return c.shapley === null ? c.weight : c.shapley; };
  const words = { model: 'the model\u2019s answer', guess: 'not evaluated; the weights guess', none: 'not evaluated' };
  const rows = a.all('.answer').map((e) => ({ e, k: Number(e.dataset.target), now: e.querySelector('output'), how: e.querySelector('.how'), bar: e.querySelector('.level') }));
  const scales = rows.map((r) => a.scaleOf(r.k));
  const share = (v, s) => Math.max(0, Math.min(100, 100 * (v - s[0]) / (s[1] - s[0])));
  rows.forEach((r, i) => {
    const t = targets[r.k];
    r.bar.style.setProperty('--all', share(t.score, scales[i]) + '%');
    if (t.score_none !== null) r.bar.style.setProperty('--none', share(t.score_none, scales[i]) + '%');
  });
  a.hear((s) => rows.forEach((r, i) => {
    const got = a.answer(r.k, s.on, s.volume, s.only);
    r.now.textContent = (got.kind === 'guess' ? '\u2248 ' : '') + a.number(got.value);
    r.how.textContent = words[got.kind];
    r.e.dataset.kind = got.kind;
    r.bar.style.setProperty('--now', got.value === null ? '0%' : share(got.value, scales[i]) + '%');
    r.e.classList.toggle('chosen', r.k === s.target);
  }));
  a.all('[data-choose]').forEach((b) => b.addEventListener('click', () => a.change({ target: Number(b.dataset.choose) })));
  a.hear((s) => {
    a.all('[data-choose]').forEach((b) => b.setAttribute('aria-pressed', String(Number(b.dataset.choose) === s.target)));
    a.all('[data-of-target]').forEach((e) => { e.hidden = Number(e.dataset.ofTarget) !== s.target; });
    a.all('[data-target-name]').forEach((e) => { e.textContent = targets[s.target].name; });
  });
})(window.auscult);
