'use strict';
/* A set's explanations as columns of numbers, what is brushed, and who hears of it. A dimension is a part's weight ("w0", "w1", ...),
 * the answer ("score"), the surrogate's answer ("local") or the fit ("r2"); a brush keeps what lies within it in its dimension. */
(function (a) {
  const doc = a.result;
  if (!doc || doc.schema !== 'auscult.global/1') return;
  document.documentElement.classList.add('live');
  const s = a.set = { doc, brushes: new Map(), heard: [], own: false };
  const number = (v) => (v === null ? NaN : v);
  const reach = (columns) => { /* finite values only; [0, 0] where there are none */
    let low = Infinity, high = -Infinity;
    columns.forEach((c) => c.forEach((v) => { if (v < low) low = v; if (v > high) high = v; }));
    return low <= high ? [low, high] : [0, 0];
  };
  const widen = ([low, high], part) => { const by = (high - low || Math.abs(high) || 1) * part; return [low - by, high + by]; };
  const unit = doc.scale !== 'logit' && doc.model.score !== 'real';

  /* The columns of one answer. */
  s.load = (k) => {
    const t = doc.targets[k], rows = t.explanations, n = rows.length;
    const column = (f) => Float64Array.from(rows, (r) => number(f(r)));
    s.target = t;
    s.n = n;
    s.columns = { score: column((r) => r.score), local: column((r) => r.local), r2: column((r) => r.r2) };
    s.parts = doc.components.map((name, c) => ({ name, dim: 'w' + c, c })).filter((p) => rows.some((r) => r.weights[p.c] !== null));
    s.parts.forEach((p) => { s.columns[p.dim] = column((r) => r.weights[p.c]); });
    const order = t.components.map((c) => c.mean_abs);
    s.parts.sort((p, q) => order[q.c] - order[p.c]);
    const all = reach(s.parts.map((p) => s.columns[p.dim])), both = reach([s.columns.score, s.columns.local]);
    s.common = widen([Math.min(0, all[0]), Math.max(0, all[1])], 0.03);
    const wide = widen(both, 0.05), answers = unit ? [Math.max(0, wide[0]), Math.min(1, wide[1])] : wide;
    s.domains = { score: answers, local: answers, r2: [Math.min(0, reach([s.columns.r2])[0]), 1] };
    s.shades = reach([s.columns.score]);
    s.parts.forEach((p) => { s.domains[p.dim] = s.common; });
    s.scaleParts();
    s.brushes.clear();
    s.select();
  };
  s.scaleParts = () => s.parts && s.parts.forEach((p) => {
    const own = reach([s.columns[p.dim]]);
    s.domains[p.dim] = s.own ? widen([Math.min(0, own[0]), Math.max(0, own[1])], 0.03) : s.common;
  });
  s.share = (dim, v) => { const d = s.domains[dim]; return (v - d[0]) / (d[1] - d[0]); };
  s.value = (dim, share) => { const d = s.domains[dim]; return d[0] + share * (d[1] - d[0]); };
  /* 0 the least sure answer of the set, 1 the surest. */
  s.shade = (i) => (s.shades[1] > s.shades[0] ? (s.columns.score[i] - s.shades[0]) / (s.shades[1] - s.shades[0]) : 1);

  s.select = () => {
    const keep = new Uint8Array(s.n).fill(1);
    s.brushes.forEach(([low, high], dim) => {
      const c = s.columns[dim];
      for (let i = 0; i < s.n; i++) if (!(c[i] >= low && c[i] <= high)) keep[i] = 0;
    });
    s.keep = keep;
    s.count = keep.reduce((x, y) => x + y, 0);
  };
  /* range: [low, high] or null for none. Several at once are one change. */
  s.brush = (changes) => {
    Object.keys(changes).forEach((dim) => { if (changes[dim]) s.brushes.set(dim, changes[dim]); else s.brushes.delete(dim); });
    s.select();
    s.heard.forEach((f) => f());
  };
  s.piece = (i) => doc.pieces[s.target.explanations[i].piece];
  s.song = (i) => doc.songs[s.piece(i).song];
  s.dimName = (dim) => ({ score: 'answer', local: 'weights say', r2: 'fit' }[dim] || doc.components[Number(dim.slice(1))]);
})(window.auscult);
