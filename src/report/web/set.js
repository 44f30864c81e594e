'use strict';
/* The words, bars and tables that follow the brushes, and the explanation that is looked at. */
(function (a) {
  const s = a.set;
  if (!s) return;
  const doc = s.doc, kept = a.byId('kept'), detail = a.byId('detail'), clear = a.byId('clear');
  const link = (href, text) => (href ? a.make('a', { href }, text) : a.make('span', {}, text));
  const stretch = (p) => a.number(p.t0) + '\u2013' + a.number(p.t1) + ' s';
  const percent = (x) => Math.round(100 * x) + ' %';

  /* ---- one explanation ------------------------------------------------------------------------------- */

  s.look = (i) => {
    if (i < 0) i = s.pinned;
    if (i === s.lit) return;
    s.lit = i;
    s.redraw([2]);
    detail.textContent = '';
    if (i < 0) { detail.append(a.make('span', { class: 'faint' }, 'Point at a line or a dot to see whose it is; click to keep it here and follow its links.')); return; }
    const p = s.piece(i), song = s.song(i), r = s.target.explanations[i];
    const part = (c) => { const b = a.make('b', { class: r.weights[c.c] < 0 ? 'against' : 'for' }, c.name + ' ' + a.signed(r.weights[c.c])); return b; };
    detail.append(link(song.page, song.name), ', ', link(p.page, stretch(p)), ': says ', a.make('b', {}, a.number(r.score)), '; ');
    s.parts.filter((c) => r.weights[c.c] !== null).sort((x, y) => Math.abs(r.weights[y.c]) - Math.abs(r.weights[x.c])).slice(0, 4).forEach((c, k) => detail.append(k ? ', ' : '', part(c)));
    detail.append('; fit ' + (r.r2 === null ? '\u2013' : percent(Math.max(0, r.r2))));
  };
  s.pin = (i) => { s.pinned = s.pinned === i ? -1 : i; s.lit = -2; s.look(s.pinned); };

  /* ---- how well ----------------------------------------------------------------------------------------- */

  const median = (v) => { const x = v.filter(isFinite).sort((p, q) => p - q), m = x.length >> 1; return x.length ? (x.length % 2 ? x[m] : (x[m - 1] + x[m]) / 2) : NaN; };
  const chosen = () => { const out = []; for (let i = 0; i < s.n; i++) if (s.keep[i]) out.push(i); return out; };
  const trust = (rows) => {
    const r2 = rows.map((i) => s.columns.r2[i]).filter(isFinite), good = r2.filter((v) => v >= 0.9).length, poor = r2.filter((v) => v < 0.6).length;
    const gap = median(rows.map((i) => Math.abs(s.columns.local[i] - s.columns.score[i])));
    const e = a.byId('faith-words');
    e.textContent = '';
    if (!r2.length) { e.append(rows.length ? 'The answer is the same for every mix here: there is nothing to explain.' : 'Nothing is left: let go of a brush.'); return; }
    e.append(a.make('b', {}, 'The weights explain ' + percent(Math.max(0, median(r2))) + ' of the model\u2019s behaviour'), ' (median weighted R\u00b2 of ' + r2.length + '): '
      + good + ' well, ' + (r2.length - good - poor) + ' roughly, ', a.make('b', { class: poor ? 'fit-poor' : '' }, poor + ' poorly'), '. They miss the answer itself by ' + a.number(gap) + ' (median).');
  };

  /* ---- answers ------------------------------------------------------------------------------------------- */

  const words = { mean: 'How much a part weighs in an explanation, for or against, on average.', root: 'SP-LIME\u2019s importance: the square root of the sum; grows with the number of snippets.',
    homogeneity: 'The square root of the sum, less where a part matters to all answers alike: what is left tells answers apart.' };
  const SHOWN = 12;
  let measure = 'mean';
  /* Over the snippets that are kept, whatever answer they were brushed in. */
  const aggregate = () => {
    const pieces = new Set(chosen().map((i) => s.target.explanations[i].piece)), d = doc.components.length, all = s.brushes.size === 0;
    const rows = doc.targets.map((t) => {
      const sum = new Float64Array(d), count = new Float64Array(d);
      t.explanations.forEach((e) => { if (all || pieces.has(e.piece)) e.weights.forEach((w, c) => { if (w !== null) { sum[c] += Math.abs(w); count[c]++; } }); });
      return { mean: Array.from(sum, (v, c) => (count[c] ? v / count[c] : 0)), root: Array.from(sum, Math.sqrt) };
    });
    const entropy = doc.components.map((name, c) => { const total = rows.reduce((x, r) => x + r.root[c], 0); return total ? rows.reduce((h, r) => { const p = r.root[c] / total; return p ? h - p * Math.log(p) : h; }, 0) : NaN; });
    const known = entropy.filter(isFinite), low = Math.min(...known), high = Math.max(...known);
    rows.forEach((r) => { r.homogeneity = r.root.map((v, c) => v * (high - low > 1e-12 && isFinite(entropy[c]) ? 1 - (entropy[c] - low) / (high - low) : 1)); });
    return rows;
  };
  let cells = [];
  const buildClasses = () => {
    const box = a.byId('class-bars');
    box.textContent = '';
    cells = [];
    const order = doc.targets.map((t, k) => k).slice(0, SHOWN);
    if (!order.includes(a.state.target)) order[order.length - 1] = a.state.target;
    order.forEach((k) => {
      const rows = a.make('div', { class: 'rows' + (k === a.state.target ? ' chosen' : '') }), head = a.make('button', { class: 'plain head', 'aria-pressed': String(k === a.state.target) }, doc.targets[k].name);
      head.addEventListener('click', () => a.change({ target: k }));
      rows.appendChild(head);
      doc.components.forEach((name, c) => {
        if (!doc.targets[k].components[c].weight.n) return;
        const size = a.make('div', { class: 'size' }), bar = a.make('span', { 'aria-hidden': 'true' }), fill = a.make('i'), value = a.make('output');
        bar.appendChild(fill);
        size.append(bar, value);
        rows.append(a.make('div', { class: 'what' }, name), size);
        cells.push({ k, c, fill, value });
      });
      box.appendChild(rows);
    });
  };
  const showClasses = () => {
    const rows = aggregate(), most = cells.reduce((m, x) => Math.max(m, rows[x.k][measure][x.c]), 1e-12);
    cells.forEach((x) => { const v = rows[x.k][measure][x.c]; x.fill.style.setProperty('--size', v / most); x.value.textContent = a.number(v); });
    a.byId('measure-words').textContent = words[measure] + (doc.targets.length > SHOWN ? ' The ' + SHOWN + ' answers with the most explanations.' : '');
  };
  a.all('[data-measure]').forEach((b) => b.addEventListener('click', () => {
    measure = b.dataset.measure;
    a.all('[data-measure]').forEach((x) => x.setAttribute('aria-pressed', String(x === b)));
    showClasses();
  }));

  /* ---- table ------------------------------------------------------------------------------------------------ */

  const ROWS = 20;
  let by = doc.songs.length > 1 ? 'songs' : 'pieces', sort = { key: 'score', down: true }, first = 0;
  const table = a.byId('table');
  const lines = () => {
    const rows = chosen();
    const of = (list, dim) => { const v = list.map((i) => s.columns[dim][i]).filter(isFinite); return v.length ? v.reduce((x, y) => x + y, 0) / v.length : NaN; };
    const groups = by === 'pieces' ? rows.map((i) => [i]) : Array.from(rows.reduce((m, i) => { const k = s.piece(i).song; if (!m.has(k)) m.set(k, []); m.get(k).push(i); return m; }, new Map()).values());
    return groups.map((list) => {
      const i = list[0], line = { i, list, name: s.song(i).name, page: by === 'songs' ? s.song(i).page : s.piece(i).page || s.song(i).page, when: by === 'songs' ? list.length : s.piece(i).t0, text: by === 'songs' ? String(list.length) : stretch(s.piece(i)) };
      ['score', 'r2'].concat(s.parts.map((p) => p.dim)).forEach((dim) => { line[dim] = of(list, dim); });
      return line;
    });
  };
  const columns = () => [['name', 'song'], ['when', by === 'songs' ? 'snippets' : 'when'], ['score', 'answer'], ['r2', 'fit']].concat(s.parts.slice(0, 8).map((p) => [p.dim, p.name]));
  const showTable = () => {
    const all = lines(), down = sort.down ? -1 : 1;
    all.sort((x, y) => { const p = x[sort.key], q = y[sort.key]; return typeof p === 'string' ? -down * q.localeCompare(p) : isFinite(p) && isFinite(q) ? down * (p - q) : isFinite(q) - isFinite(p); });
    first = Math.max(0, Math.min(first, ROWS * Math.floor(Math.max(0, all.length - 1) / ROWS)));
    const head = a.make('tr'), body = document.createDocumentFragment();
    columns().forEach(([key, text]) => {
      const th = a.make('th', { scope: 'col', class: key === 'name' ? '' : 'n', 'aria-sort': sort.key === key ? (sort.down ? 'descending' : 'ascending') : 'none' }), b = a.make('button', { 'data-sort': key }, text);
      th.appendChild(b);
      head.appendChild(th);
    });
    all.slice(first, first + ROWS).forEach((line) => {
      const tr = a.make('tr', { 'data-row': line.i }), th = a.make('th', { scope: 'row' });
      th.appendChild(link(line.page, line.name));
      tr.append(th, a.make('td', { class: 'n' }, line.text), a.make('td', { class: 'n' }, a.number(line.score)), a.make('td', { class: 'n' }, isFinite(line.r2) ? percent(Math.max(0, line.r2)) : '\u2013'));
      s.parts.slice(0, 8).forEach((p) => tr.appendChild(a.make('td', { class: 'n ' + (line[p.dim] < 0 ? 'against' : 'for') }, a.signed(line[p.dim]))));
      body.appendChild(tr);
    });
    table.tHead.replaceChildren(head);
    table.tBodies[0].replaceChildren(body);
    a.byId('page').textContent = all.length ? (first + 1) + '\u2013' + Math.min(all.length, first + ROWS) + ' of ' + all.length : 'none';
    a.byId('before').disabled = first === 0;
    a.byId('after').disabled = first + ROWS >= all.length;
    a.all('[data-rows]').forEach((b) => b.setAttribute('aria-pressed', String(b.dataset.rows === by)));
  };
  table.tHead.addEventListener('click', (e) => {
    const key = e.target.dataset.sort;
    if (!key) return;
    sort = { key, down: sort.key === key ? !sort.down : key !== 'name' };
    first = 0;
    showTable();
    const again = table.tHead.querySelector('[data-sort="' + key + '"]');
    if (again) again.focus();
  });
  table.tBodies[0].addEventListener('pointerover', (e) => { const tr = e.target.closest('tr'); if (tr) s.look(Number(tr.dataset.row)); });
  table.addEventListener('pointerleave', () => s.look(-1));
  a.byId('before').addEventListener('click', () => { first -= ROWS; showTable(); });
  a.byId('after').addEventListener('click', () => { first += ROWS; showTable(); });
  a.all('[data-rows]').forEach((b) => b.addEventListener('click', () => { by = b.dataset.rows; first = 0; showTable(); }));

  /* ---- together: charts at once, words when a brush rests -------------------------------------------------------- */

  let timer = 0;
  const showWords = () => {
    timer = 0;
    const rows = chosen();
    trust(rows);
    showClasses();
    showTable();
    a.all('.picks').forEach((list) => a.all('li', list).forEach((li, k) => { const pick = doc.targets[Number(list.dataset.ofTarget)].picks[k]; li.classList.toggle('out', Number(list.dataset.ofTarget) === a.state.target && !s.keep[pick.explanation]); }));
  };
  const count = () => {
    const songs = new Set();
    for (let i = 0; i < s.n; i++) if (s.keep[i]) songs.add(s.piece(i).song);
    kept.textContent = (s.brushes.size ? s.count + ' of ' + s.n : 'all ' + s.n) + ' snippets' + (doc.songs.length > 1 ? ', ' + songs.size + ' songs' : '');
    clear.disabled = s.brushes.size === 0;
  };
  s.heard.push(() => {
    count();
    if (s.lit >= 0 && !s.keep[s.lit]) { s.pinned = -1; s.lit = -2; s.look(-1); }
    if (timer) window.clearTimeout(timer);
    timer = window.setTimeout(showWords, 120);
  });
  clear.addEventListener('click', () => { const none = {}; s.brushes.forEach((v, dim) => { none[dim] = null; }); s.brush(none); });
  const own = a.byId('own');
  own.addEventListener('change', () => { s.own = own.checked; s.scaleParts(); s.build(); s.redraw([0, 1, 2]); });
  const choose = a.byId('target');
  if (choose) choose.addEventListener('change', () => a.change({ target: Number(choose.value) }));
  a.all('[data-choose]').forEach((b) => b.addEventListener('click', () => { a.change({ target: Number(b.dataset.choose) }); a.byId('look').scrollIntoView(); }));
  a.hear((state) => {
    s.pinned = -1;
    s.lit = -2;
    s.look(-1);
    s.load(state.target);
    if (choose) choose.value = String(state.target);
    a.all('[data-choose]').forEach((b) => b.setAttribute('aria-pressed', String(Number(b.dataset.choose) === state.target)));
    a.all('[data-of-target]').forEach((e) => { e.hidden = Number(e.dataset.ofTarget) !== state.target; });
    a.all('[data-target-name]').forEach((e) => { e.textContent = s.target.name; });
    s.build();
    buildClasses();
    count();
    showWords();
  });
  a.byId('classes').hidden = doc.targets.length < 2;
})(window.auscult);
