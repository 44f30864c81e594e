/* test_desk.mjs - the mixing desk and the picture, control by control. */
import { auscult, check, demo, judged, launch, looks, named, near, notOk, ok, open, pages, quiet, soon } from './lib.mjs';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';

const song = demo + '/song.wav', model = demo + '/demo.aus', browser = await launch();
const explain = (page, ...args) => JSON.parse(auscult('explain', song, '-m', model, '--report', `${pages}/${page}.html`, '--force', '--json', ...args));
const read = (page, f, arg) => page.evaluate(f, arg);
const answer = (page, k) => page.locator(`.answer[data-target="${k}"]`);
const state = (page) => read(page, () => document.getElementById('state').textContent);

/* ---- stems: every control ------------------------------------------------------------------------------ */

const stems = explain('stems', '--stems', demo + '/stems', '--target', 'top5'), n = stems.components.length;
{
  const page = await open(browser, pages + '/stems.html');
  writeFileSync(pages + '/nothing.html', '<!DOCTYPE html><html lang="en"><title>t</title><button>x</button><script>window.auscult = { interactive: performance.now() }</script></html>');
  const took = { page: [], nothing: [] }, costs = [];
  for (let i = 0; i < 7; i++) for (const kind of ['nothing', 'page']) { /* by the clock and, since the machine may be busy with other things, in time of the page's own thread */
    const context = await browser.newContext(), again = await context.newPage(), cdp = await context.newCDPSession(again);
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    await again.goto('file://' + pages + (kind === 'page' ? '/stems.html' : '/nothing.html'));
    took[kind].push(await read(again, () => window.auscult.interactive));
    const { metrics } = await cdp.send('Performance.getMetrics');
    if (kind === 'page') costs.push(1000 * metrics.find((m) => m.name === 'TaskDuration').value);
    await context.close();
  }
  const best = (v) => Math.round(Math.min(...v)), middle = (v) => Math.round([...v].sort((x, y) => x - y)[v.length >> 1]);
  check(`interactive ${best(took.page)} ms after the navigation began (median ${middle(took.page)}; an empty page here ${best(took.nothing)}, median ${middle(took.nothing)}), with ${best(costs)} ms of work: under 300`,
    Math.min(...took.page) < 300 && Math.min(...costs) < 300, took.page.join(' '));
  check(`five parts of 12 s in under 3 MB (${(statSync(pages + '/stems.html').size / 1e6).toFixed(2)} MB)`, statSync(pages + '/stems.html').size < 3e6);
  await named(page, 'stems');
  await judged(page, 'stems');

  /* The sum of all tracks, rendered without a loudspeaker, against the input's own track. */
  const sums = await read(page, async () => {
    const a = window.auscult, count = a.state.on.length, whole = await a.render(a.state.on);
    const audio = document.querySelector('audio[data-component="-2"]').getAttribute('src'), bytes = a.bytesOf(audio.slice(audio.indexOf(',') + 1));
    const input = (await new OfflineAudioContext(1, 1, a.rate).decodeAudioData(bytes.buffer)).getChannelData(0).map((v) => Math.round(v * (v > 0 ? 32767 : 32768)) / 32768);
    const apart = (x, y) => x.reduce((m, v, i) => Math.max(m, Math.abs(v - y[i])), 0), sum = new Float32Array(whole.length);
    for (let i = 0; i < count; i++) (await a.render(a.state.on.map((o, k) => k === i))).forEach((v, t) => { sum[t] += v; });
    const none = await a.render(a.state.on.map(() => false));
    return { frames: whole.length, input: input.length, all: apart(whole, input), parts: apart(sum, input), none: apart(none, new Float32Array(none.length)), peak: apart(input, new Float32Array(input.length)) };
  });
  const db = (v) => (v === 0 ? '-infinity' : (20 * Math.log10(v)).toFixed(1));
  check('every track is as long as the sound', sums.frames === stems.evaluated.samples && sums.input === sums.frames, JSON.stringify(sums));
  check(`null test: all tracks minus the input is below -120 dBFS (${db(sums.all)})`, sums.all < 1e-6 && sums.peak > 0.05, sums.all);
  check(`null test: tracks one by one, added up (${db(sums.parts)})`, sums.parts < 1e-6, sums.parts);
  check('everything off is silence', sums.none === 0, sums.none);

  /* Muting: the model's answer is the one in the JSON. */
  const target = stems.targets[0], part = (i) => page.locator('.track[data-component="' + i + '"]');
  const value = async (k) => Number((await answer(page, k).locator('output').textContent()).replace('\u2248 ', ''));
  check('at first everything is heard', (await state(page)) === 'everything: the input');
  near('and the model says what it said', await value(0), target.score, 0.0006);
  for (let i = 0; i < n; i++) {
    await part(i).locator('.mute').click();
    near(`without ${stems.components[i].name} the page shows the model's own answer`, await value(0), target.components[i].without, 0.0006);
    check('and calls it the model\u2019s', (await answer(page, 0).getAttribute('data-kind')) === 'model');
    await part(i).locator('.mute').click();
    await part(i).locator('.solo').click();
    for (let k = 0; k < stems.targets.length; k++) near(`${stems.components[i].name} alone, ${stems.targets[k].name}`, await value(k), stems.targets[k].components[i].alone, 0.0006);
    check(`${stems.components[i].name} alone is what is said to be heard`, (await state(page)) === stems.components[i].name);
    check('solo is pressed', (await part(i).locator('.solo').getAttribute('aria-pressed')) === 'true');
    await part(i).locator('.solo').click();
    check('solo again brings all back', (await state(page)) === 'everything: the input');
  }
  await part(0).locator('.mute').click();
  await part(1).locator('.mute').click();
  const two = await read(page, () => { const a = window.auscult, on = a.state.on; return { rows: a.result.table.rows, got: a.answer(0, on, a.state.volume, null) }; });
  check('two off: still the model\u2019s answer, all 2^d mixes are known', two.got.kind === 'model' && two.rows === 2 ** n);

  /* Volume: a state that was not evaluated. */
  await part(2).locator('.volume').fill('0.5');
  check('another level was not evaluated', /not evaluated/.test(await answer(page, 0).locator('.how').textContent()));
  const guess = target.intercept + target.components.reduce((s, c, i) => s + (i < 2 ? 0 : i === 2 ? 0.5 : 1) * c.weight, 0);
  near('the guess is the surrogate\u2019s', await value(0), guess, Math.abs(guess) * 0.006);
  check('the state says so', /not evaluated/.test(await state(page)));
  await page.locator('#levels').click();
  check('levels as evaluated: the model\u2019s answer again', (await answer(page, 0).getAttribute('data-kind')) === 'model');

  /* Mixes. */
  const names = (test) => target.components.filter((c) => test(c.shapley)).map((c) => c.name);
  await page.locator('button[data-mix="for"]').click();
  check('what speaks for it', (await state(page)) === (names((v) => v > 0).length === n ? 'everything: the input' : names((v) => v > 0).join(' + ')));
  await page.locator('button[data-mix="against"]').click();
  check('what speaks against it', (await state(page)) === (names((v) => v < 0).join(' + ') || 'nothing'));
  await page.locator('button[data-mix="top"]').click();
  const top = target.components.filter((c) => c.shapley > 0).sort((a, b) => b.shapley - a.shapley).slice(0, 3).map((c) => c.name);
  check('its top three', (await state(page)) === target.components.map((c) => c.name).filter((c) => top.includes(c)).join(' + '));
  await page.locator('button[data-mix="invert"]').click();
  check('the rest', (await state(page)) === target.components.map((c) => c.name).filter((c) => !top.includes(c)).join(' + '));
  await page.locator('button[data-mix="all"]').click();
  check('everything', (await state(page)) === 'everything: the input');

  /* Transport. */
  const time = () => read(page, () => window.auscult.time());
  if ((await page.locator('#play').textContent()) === 'Pause') await page.locator('#play').click();
  await read(page, () => window.auscult.go(1));
  await page.locator('#play').click();
  await soon('the clock runs', async () => (await time()) > 1.15, time);
  const slipped = () => read(page, async () => { /* against the clock on the wall */
    const a = window.auscult, t0 = a.time(), w0 = performance.now();
    document.querySelector('.track[data-component="0"] .mute').click();
    const jump = a.time() - t0;
    await new Promise((ok) => setTimeout(ok, 300));
    return [jump, a.time() - t0 - (performance.now() - w0) / 1000];
  });
  const slips = []; /* other work on the machine holds a thread up for a moment: the best of five counts */
  while (slips.length < 5 && !slips.some((s) => Math.abs(s[0]) < 0.05 && Math.abs(s[1]) < 0.15)) slips.push(await slipped());
  check('muting does not move it', slips.some((s) => Math.abs(s[0]) < 0.05 && Math.abs(s[1]) < 0.15), slips.join('; '));
  if (slips.length % 2 === 0) await page.locator('.track[data-component="0"] .mute').click();
  await page.locator('#play').click();
  const held = await time();
  await page.waitForTimeout(150);
  check('pause holds it', (await time()) === held);
  await page.locator('#seek').fill('0.5');
  near('the slider seeks', await time(), 6, 0.05);
  await part(3).locator('.lane').scrollIntoViewIfNeeded();
  const lane = await part(3).locator('.lane').boundingBox();
  await page.mouse.click(lane.x + 0.25 * lane.width, lane.y + lane.height / 2);
  near('a click on a wave seeks', await time(), 3, 0.1);
  await page.mouse.move(lane.x + 0.5 * lane.width, lane.y + 5);
  await page.mouse.down();
  await page.mouse.move(lane.x + 0.55 * lane.width, lane.y + 5, { steps: 4 });
  await page.mouse.up();
  const range = await read(page, () => window.auscult.state.loop);
  check('a drag along a wave loops it', range && Math.abs(range[0] - 6) < 0.1 && Math.abs(range[1] - 6.6) < 0.1, JSON.stringify(range));
  await page.locator('#play').click();
  const seen = [], round = () => seen.some((t, i) => i && t < seen[i - 1]);
  for (let i = 0; i < 16 || (i < 100 && !round()); i++) { await page.waitForTimeout(100); seen.push(await time()); }
  check('the loop goes round and stays inside', seen.every((t) => t >= range[0] - 0.05 && t <= range[1] + 0.05) && round(), seen.map((t) => t.toFixed(2)).join(' '));
  await page.locator('#loop').click();
  check('loop off: all of it', (await page.locator('#range').textContent()) === 'all of it');
  await page.locator('#play').click();

  /* Keys. */
  await read(page, () => { document.activeElement.blur(); window.auscult.go(2); });
  await page.keyboard.press('2');
  check('2 plays the second part alone', (await state(page)) === stems.components[1].name);
  await page.keyboard.press('0');
  check('0 brings all back', (await state(page)) === 'everything: the input');
  await page.keyboard.press('Shift+1');
  check('shift+1 mutes the first', !(await state(page)).includes('everything') && !(await state(page)).split(' + ').includes(stems.components[0].name));
  await page.keyboard.press('0');
  await page.keyboard.press('ArrowRight');
  near('right: one second on', await time(), 3, 0.01);
  await page.keyboard.press('ArrowLeft');
  near('left: one second back', await time(), 2, 0.01);
  await page.keyboard.press('i');
  check('i: loop from here', (await read(page, () => window.auscult.state.loop))[0] === 2);
  await page.keyboard.press('l');
  await page.keyboard.press(' ');
  check('space plays', (await page.locator('#play').textContent()) === 'Pause');
  await page.keyboard.press(' ');
  check('space pauses', (await page.locator('#play').textContent()) === 'Play');
  await page.keyboard.press('t');
  check('t: the next answer', (await read(page, () => window.auscult.state.target)) === 1 && (await page.locator('[data-target-name]').first().textContent()) === stems.targets[1].name);
  await page.locator('.card [data-choose]').nth(2).click();
  check('a card chooses its answer', (await read(page, () => window.auscult.state.target)) === 2);
  const focus = [], fresh = await open(browser, pages + '/stems.html');
  for (let i = 0; i < 200; i++) {
    await fresh.keyboard.press('Tab');
    const at = await read(fresh, () => { const e = document.activeElement; return e === document.body ? null : { id: e.id || e.className || e.tagName, ring: getComputedStyle(e).outlineStyle !== 'none' }; });
    if (!at) break;
    focus.push(at);
  }
  const reach = await read(fresh, () => [...document.querySelectorAll('button, input')].filter((e) => e.checkVisibility() && e.getClientRects().length && !e.disabled && !e.closest('details:not([open])')).length);
  check(`Tab reaches every control (${focus.length} stops, ${reach} controls)`, focus.length >= reach, focus.length);
  check('and each shows a ring', focus.every((f) => f.ring), focus.filter((f) => !f.ring).map((f) => f.id).join(' '));
  await fresh.context().close();

  /* The picture and its brush. */
  await read(page, () => window.auscult.change({ target: 0 }));
  const shape = await read(page, async () => {
    const a = window.auscult, rate = a.rate, all = await a.render(a.state.on.map(() => true)), same = a.masked(all, rate, () => 1);
    a.change({ on: a.state.on.map(() => true) });
    a.setRegion({ t0: 4, t1: 6, f0: 0, f1: 1000 });
    const x = (await a.sound('region')).x, power = (from, to) => { let s = 0; for (let t = from * rate; t < to * rate; t++) s += x[t] * x[t]; return s / (rate * (to - from)); };
    return { apart: all.reduce((m, v, t) => Math.max(m, Math.abs(v - same[t])), 0), inside: power(4.2, 5.8), before: power(1, 3.8), after: power(6.2, 9) };
  });
  check(`all cells kept is the sound itself (${db(shape.apart)} dBFS)`, shape.apart < 1e-5, shape.apart);
  check('a region sounds only inside its seconds', shape.inside > 1e-5 && shape.before < 1e-9 && shape.after < 1e-9, JSON.stringify(shape));
  await page.locator('#stage').scrollIntoViewIfNeeded();
  const stage = await page.locator('#stage').boundingBox();
  await page.mouse.move(stage.x + 0.25 * stage.width, stage.y + 0.3 * stage.height);
  await page.mouse.down();
  await page.mouse.move(stage.x + 0.5 * stage.width, stage.y + 0.8 * stage.height, { steps: 5 });
  await page.mouse.up();
  near('brushing sets the region\u2019s start', Number(await page.locator('#t0').inputValue()), 3, 0.1);
  near('and its end', Number(await page.locator('#t1').inputValue()), 6, 0.1);
  check('the brush is drawn', await page.locator('.brush').isVisible());
  await page.locator('button[data-only="region"]').click();
  await soon('the region alone is heard, and was not evaluated', async () => /^only 3\.0 s/.test(await state(page)) && (await answer(page, 0).getAttribute('data-kind')) === 'none', () => state(page));
  await page.locator('#whole').click();
  check('all again', (await state(page)) === 'everything: the input' && !(await page.locator('.brush').isVisible()));
  await page.locator('#zoom').fill('4');
  near('zoom widens the picture', (await page.locator('#stage').boundingBox()).width, 4 * stage.width, 4);
  quiet('stems', page);
  await page.context().close();
  await looks(browser, pages + '/stems.html', 'stems');
}

/* ---- tiles: a map over the picture, a baseline, a sample of mixes -------------------------------------------------- */
{
  const tiles = explain('tiles', '--method', 'slime', '--tiles', '6x4', '--samples', '400', '--target', 'top2', '--baseline', 'mean');
  const page = await open(browser, pages + '/tiles.html');
  const got = await read(page, async () => {
    const a = window.auscult, seen = a.data('seen'), v = new Int8Array(a.bytesOf(seen.maps[0].values).buffer), cells = {};
    for (let i = 0; i < 6; i++) for (let f = 0; f < 4; f++) {
      const k = Math.round((i + 0.5) * 2 / seen.column_s), hz = (f + 0.5) * 2000;
      let b = 0;
      seen.hz.forEach((h, j) => { if (Math.abs(h - hz) < Math.abs(seen.hz[b] - hz)) b = j; });
      cells[4 * i + f] = Math.sign(v[b * seen.columns + k]) * (v[b * seen.columns + k] / 127) ** 2 * seen.maps[0].peak;
    }
    const all = await a.render(a.state.on), parts = [];
    for (const kind of ['for', 'against', 'top']) parts.push((await a.sound(kind)).x);
    const power = (x) => x.reduce((s, y) => s + y * y, 0);
    return { cells, peak: seen.maps[0].peak, all: power(all), parts: parts.map(power) };
  });
  for (const [i, v] of Object.entries(got.cells)) near(`tile ${tiles.components[i].name} has its value's colour`, v, tiles.targets[0].components[i].shapley, got.peak / 60);
  check('the positive and the negative cells share the sound out', got.parts[0] > 0 && got.parts[1] > 0 && got.parts[0] + got.parts[1] < 1.3 * got.all, JSON.stringify(got));
  check('the top five percent are less than the positive', got.parts[2] > 0 && got.parts[2] < got.parts[0], JSON.stringify(got));
  const ink = () => read(page, () => { const c = document.getElementById('map'), p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; const seen = new Set(); for (let i = 0; i < p.length; i += 4) if (p[i + 3] > 100) seen.add(p[i] > p[i + 2] ? 'for' : 'against'); return [...seen].sort().join(); });
  const inks = await ink();
  check('the map is drawn in its colours', inks.includes('for'), inks);
  await page.locator('#opacity').fill('0.2');
  check('the slider sets the map\u2019s opacity', (await read(page, () => getComputedStyle(document.getElementById('map')).opacity)) === '0.2');
  await page.locator('.track[data-component="1"] .mute').click();
  await page.locator('.track[data-component="5"] .mute').click();
  await page.locator('.track[data-component="9"] .mute').click();
  check('a mix that was not asked about is called a guess', (await answer(page, 0).getAttribute('data-kind')) === 'guess' && /not evaluated/.test(await answer(page, 0).locator('.how').textContent()));
  await page.locator('button[data-only="for"]').click();
  await soon('only the positive: not evaluated', async () => (await answer(page, 0).getAttribute('data-kind')) === 'none' && /positive/.test(await state(page)), () => state(page));
  await page.locator('button[data-only="top"]').click();
  await soon('the top p percent', async () => /top 5 %/.test(await state(page)), () => state(page));
  await page.locator('button[data-mix="all"]').click();
  check('back to the tracks', (await state(page)) === 'everything: the input');
  quiet('tiles', page);
  await named(page, 'tiles');
  await judged(page, 'tiles');
  await page.context().close();
  await looks(browser, pages + '/tiles.html', 'tiles');
}

/* ---- a map: parts that were played to the model, marks that can be heard --------------------------------------- */
{
  const map = explain('map', '--method', 'ixg', '--target', 'top2');
  const page = await open(browser, pages + '/map.html'), target = map.targets[0];
  const verdict = await page.locator('.card .trust').first().textContent();
  check('the card says what the model said to what the map marks', verdict.includes('Tested on the model') && verdict.includes(String(Number(target.components[0].alone.toPrecision(3)))), verdict);
  check('and where', /most of all at|half of it at|spread over/.test(await page.locator('.card .why').first().textContent()));
  await page.locator('.card [data-hear="0"]').click();
  check('what speaks for it: the positive part', (await state(page)) === 'positive', await state(page));
  near('to which the model\u2019s own answer is shown', Number(await answer(page, 0).locator('output').textContent()), target.components[0].alone, 0.0006);
  await page.locator('.track[data-component="2"] .mute').click();
  await page.locator('.track[data-component="2"] .mute').click();
  await page.locator('.track[data-component="2"] .mute').click();
  near('positive and rest: all but the negative was tried too', Number(await answer(page, 0).locator('output').textContent()), target.components[1].without, 0.0006);
  await page.locator('.card [data-hear="1"]').click();
  await page.waitForFunction(() => /positive/.test(document.getElementById('state').textContent));
  check('the second answer\u2019s marks are cut out here, and were not evaluated', (await answer(page, 1).getAttribute('data-kind')) === 'none');
  const seen = await read(page, () => { const c = document.getElementById('map'), p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let full = 0, some = 0; for (let i = 3; i < p.length; i += 4) { full += p[i] === 255; some += p[i] > 40; } return { full: full / (p.length / 4), some: some / (p.length / 4) }; });
  check(`a gradient's map can be seen: ${(100 * seen.some).toFixed(0)} % of the cells, ${(100 * seen.full).toFixed(1)} % in full colour`, seen.some > 0.1 && seen.full > 0.002 && seen.full < 0.05, JSON.stringify(seen));
  await page.locator('#copy').click();
  check('the command is copied', /copied/.test(await page.locator('#copy').textContent()) && (await read(page, () => window.getSelection().toString())).includes('--method ixg'));
  quiet('map', page);
  await judged(page, 'map');
  await named(page, 'map');
  await page.context().close();
  await looks(browser, pages + '/map.html', 'map');
}

/* ---- a program as the model: a picture by us ----------------------------------------------------------------------- */
let program = true;
try { auscult('explain', song, '--model-cmd', process.env.AUSCULT_EXAMPLES, '--method', 'time', '--segments', '4', '--duration', '3', '--report', pages + '/program.html', '--force'); }
catch (e) { program = false; console.log('skip - a program as the model: ' + String(e.stderr || e.message).split('\n')[0]); }
if (program) {

  const page = await open(browser, pages + '/program.html');
  check('a program\u2019s page has a picture and says whose', /spectrogram of the input by us/.test(await page.locator('figcaption').textContent()) && (await page.locator('#stage img').getAttribute('alt')) === 'a spectrogram of the input');
  check('with the answer over it', (await page.locator('.curve').count()) > 0);
  quiet('program', page);
  await judged(page, 'program');
  await page.context().close();
  await looks(browser, pages + '/program.html', 'program');
}

/* ---- one part, many, long and foreign names, silence, a blink of sound ---------------------------------------------- */
{
  const folder = pages + '/odd_' + 'in_a_folder_whose_name_has_nowhere_to_break_'.repeat(3), odd = []; /* notes name files by their paths */
  mkdirSync(folder + '/stems', { recursive: true });
  const long_ = 'a very long name of a part that nobody would give but that a file may well have, twice as long as it should be, at least, and then some';
  ['铃声 колокол 🔔', long_, 'عود', '"><script>alert(1)</script>'.replace('/', '∕')].forEach((name, i) => copyFileSync(`${demo}/stems/${['bell', 'bass', 'pluck', 'drums'][i]}.wav`, `${folder}/stems/${name}.wav`));
  const wav = (name, samples, f) => { /* 16 bits, mono, 22050 Hz */
    const b = Buffer.alloc(44 + 2 * samples);
    b.write('RIFF', 0); b.writeUInt32LE(36 + 2 * samples, 4); b.write('WAVEfmt ', 8); b.writeUInt32LE(16, 16); b.writeUInt16LE(1, 20); b.writeUInt16LE(1, 22);
    b.writeUInt32LE(22050, 24); b.writeUInt32LE(44100, 28); b.writeUInt16LE(2, 32); b.writeUInt16LE(16, 34); b.write('data', 36); b.writeUInt32LE(2 * samples, 40);
    for (let i = 0; i < samples; i++) b.writeInt16LE(Math.round(32000 * f(i)), 44 + 2 * i);
    writeFileSync(`${folder}/${name}`, b);
    return `${folder}/${name}`;
  };
  const run = (page, input, ...args) => { auscult('explain', input, '-m', model, '--report', `${folder}/${page}.html`, '--force', ...args); odd.push(page); };
  run('names', song, '--stems', folder + '/stems', '--target', 'top2');
  run('one', song, '--method', 'time', '--segments', '1', '--target', 'top1');
  run('twelve', song, '--method', 'time', '--segments', '12', '--target', 'top1', '--samples', '300');
  run('silence', wav('silence.wav', 44100, () => 0), '--method', 'time', '--segments', '2', '--target', 'top1');
  run('blink', wav('blink.wav', 2205, (i) => Math.sin(i / 5)), '--method', 'time', '--segments', '2', '--target', 'top1');
  run('blinkmap', folder + '/blink.wav', '--method', 'ixg', '--target', 'top1');
  for (const name of odd) {
    const page = await open(browser, `${folder}/${name}.html`);
    await page.locator('#play').click();
    await page.waitForTimeout(120);
    check(`${name}: it opens and plays`, (await read(page, () => document.documentElement.classList.contains('live'))) && (await read(page, () => window.auscult.time())) >= 0);
    quiet(name, page);
    await judged(page, name);
    await named(page, name);
    await page.context().close();
    await looks(browser, `${folder}/${name}.html`, 'odd-' + name, [390, 1280]);
  }
}

/* ---- 24 bits; sound in a folder; no script ----------------------------------------------------------------------- */
{
  explain('bits', '--stems', demo + '/stems', '--target', 'drums', '--report-bits', '24', '--report-audio', 'wav');
  const page = await open(browser, pages + '/bits.html');
  const worst = await read(page, async () => {
    const a = window.auscult, whole = await a.render(a.state.on), src = document.querySelector('audio[data-component="-2"]').getAttribute('src'), b = a.bytesOf(src.slice(src.indexOf(',') + 1));
    const view = new DataView(b.buffer), start = b.length - 3 * whole.length - (whole.length & 1);
    return whole.reduce((m, v, i) => Math.max(m, Math.abs(v - ((view.getInt8(start + 3 * i + 2) << 16) | view.getUint16(start + 3 * i, true)) / 8388608)), 0);
  });
  check(`null test at 24 bits is below -120 dBFS (${(20 * Math.log10(worst || 1e-20)).toFixed(1)})`, worst < 1e-6, worst);
  quiet('24 bits', page);
  await page.context().close();
}
{
  explain('folder', '--stems', demo + '/stems', '--target', 'drums', '--report-audio', 'folder');
  const page = await open(browser, pages + '/folder.html');
  check('the page says where its sound lies', /lies in the folder folder-sound/.test(await page.locator('#desk').textContent()));
  await page.locator('#play').click();
  const t = () => read(page, () => [...document.querySelectorAll('#players audio')].slice(0, 3).map((x) => [x.currentTime, x.error && x.error.code]));
  await soon('it plays from the folder', async () => (await t()).every(([s, e]) => s > 0.1 && !e), async () => JSON.stringify(await t()));
  const looked = () => read(page, async () => { /* the players' own clocks, ten looks a second */
    const players = [...document.querySelectorAll('#players audio')].filter((x) => Number(x.dataset.component) >= -1), gaps = [];
    for (let i = 0; i < 40; i++) {
      await new Promise((done) => setTimeout(done, 100));
      const t = players.map((p) => p.currentTime);
      gaps.push(Math.max(...t) - Math.min(...t));
    }
    gaps.sort((x, y) => x - y);
    return { middle: gaps[20], most: gaps[39], shown: document.getElementById('apart').textContent };
  });
  let apart = await looked();
  if (!(apart.middle < 0.05)) apart = await looked(); /* once more: the machine may have been busy for four seconds */
  check(`tracks in files are ${Math.round(1000 * apart.middle)} ms apart (median of 4 s, at most ${Math.round(1000 * apart.most)}); the page says ${apart.shown}`, apart.middle < 0.05 && /ms$/.test(apart.shown), JSON.stringify(apart));
  const files = readdirSync(pages + '/folder-sound').sort(), coded = files.map((f) => [f, readFileSync(`${pages}/folder-sound/${f}`).toString('base64')]);
  const sum = await read(page, async (list) => { /* the page may not read them; the test may, with the browser's own decoder */
    const rate = window.auscult.rate, all = {};
    for (const [name, text] of list) {
      const x = (await new OfflineAudioContext(1, 1, rate).decodeAudioData(window.auscult.bytesOf(text).buffer)).getChannelData(0);
      all[name.replace(/\..*/, '')] = x.map((v) => Math.round(v * (v > 0 ? 32767 : 32768)));
    }
    const input = all.input, parts = Object.keys(all).filter((k) => k !== 'input');
    return { parts: parts.length, worst: input.reduce((m, v, i) => Math.max(m, Math.abs(parts.reduce((s, k) => s + all[k][i], 0) - v)), 0), loudest: input.reduce((m, v) => Math.max(m, Math.abs(v)), 0) };
  }, coded);
  check(`null test of the folder\u2019s files: ${sum.parts} parts minus the input leave ${sum.worst} steps of 16 bits`, sum.worst === 0 && sum.loudest > 1000, JSON.stringify(sum));
  await page.locator('.track[data-component="0"] .mute').click();
  check('muting works there', await read(page, () => document.querySelector('audio[data-component="0"]').muted));
  const strange = page.said.filter((s) => !/^request: file:.*\/folder-sound\/[^/]*$/.test(s));
  check('nothing but the folder is asked for', strange.length === 0, strange.join('; '));
  await page.context().close();
}
{
  const page = await open(browser, pages + '/stems.html', { javaScriptEnabled: false });
  check('without script: a player per part', (await page.locator('audio:visible').count()) === n + 1);
  check('without script: no dead switches', (await page.locator('.js:visible').count()) === 0);
  check('without script: every answer\u2019s numbers', (await page.locator('article[data-of-target]:visible').count()) === stems.targets.length);
  await page.screenshot({ path: `${pages}/../shots/no-script-1280.png`, fullPage: true });
  await page.context().close();
}
{
  const page = await open(browser, pages + '/stems.html');
  const inside = JSON.parse(await page.locator('#result').textContent());
  delete inside.run; delete stems.run;
  check('the page\u2019s JSON is the command\u2019s', JSON.stringify(inside) === JSON.stringify(stems));
  await page.emulateMedia({ media: 'print' });
  check('in print: no switches, every answer', (await page.locator('button:visible').count()) === 0 && (await page.locator('article[data-of-target]:visible').count()) === stems.targets.length);
  await page.screenshot({ path: `${pages}/../shots/print.png`, fullPage: true });
  await page.context().close();
}
await browser.close();
console.log('end');
