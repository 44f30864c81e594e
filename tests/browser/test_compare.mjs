/* test_compare.mjs - the page of a comparison: maps over one spectrogram, scores, and each method's top part heard at the same moment. */
import { auscult, check, demo, launch, looks, named, near, open, pages, quiet } from './lib.mjs';
import { statSync } from 'node:fs';

const browser = await launch(), read = (page, f, arg) => page.evaluate(f, arg), file = pages + '/compare.html';
const result = JSON.parse(auscult('compare', demo + '/song.wav', '-m', demo + '/demo.aus', '--target', 'drums', '--methods', 'random,occlusion,slime,gradient', '--duration', '6', '--tiles', '12x8', '--draws', '20',
  '--repeats', '2', '--samples', '200', '--metrics', 'deletion,insertion,faithfulness,sparseness', '--report', file, '--force', '--json'));
const there = result.methods.filter((m) => !m.left_out), best = Object.values(result.best);
const page = await open(browser, file);
check(`a page of ${there.length} methods (${(statSync(file).size / 1e6).toFixed(2)} MB)`, (await page.locator('.panel').count()) === there.length + 1);
const wins = {};
best.forEach((name) => { wins[name] = (wins[name] || 0) + 1; });
const winner = there.map((m) => m.method).sort((a, b) => (wins[b] || 0) - (wins[a] || 0))[0];
check('the best is named', (await page.locator('#said h2').textContent()).includes(winner) || (wins[winner] || 0) === Math.max(...Object.values(wins)), await page.locator('#said h2').textContent());
check('stars are those of the JSON', (await page.locator('#scores .best').count()) === best.length, `${await page.locator('#scores .best').count()}, ${best.length}`);
for (const m of result.methods) {
  const row = page.locator('#scores tbody tr', { has: page.locator('th', { hasText: new RegExp('^' + m.method + '$') }) });
  check(`${m.method} has a row${m.left_out ? ', with the reason' : ''}`, (await row.count()) === 1 && (!m.left_out || /left out/.test(await row.textContent())));
  if (!m.left_out) near(`${m.method}: deletion`, Number((await row.locator('td').nth(2).textContent()).replace(/[^0-9.e-]/g, '')), m.measures.find((x) => x.name === 'deletion').value, 0.006);
}
await named(page, 'compare');

/* The map of a panel is what the JSON's method said: where it is strongest the canvas is most opaque. */
const painted = await read(page, () => Array.from(document.querySelectorAll('.panel .over')).slice(1).map((c) => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let most = 0, any = 0; for (let i = 3; i < d.length; i += 4) { most = Math.max(most, d[i]); any += d[i] > 0; } return [most, any]; }));
check('every method has its map', painted.every(([most, any]) => most === 255 && any > 100), JSON.stringify(painted));
const under = await read(page, () => Array.from(document.querySelectorAll('.panel .under')).map((c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.reduce((x, y) => x + y, 0)));
check('over the same spectrogram', new Set(under).size === 1 && under[0] > 0);

/* Sound: as long as the input, the top part is a part of it, and switching keeps the moment. */
const sounds = await read(page, async (n) => {
  const a = window.auscult, out = [], c = new OfflineAudioContext(1, 1, a.result.input ? 16000 : 16000);
  for (const p of document.querySelectorAll('.panel audio')) {
    const src = p.getAttribute('src'), x = (await c.decodeAudioData(a.bytesOf(src.slice(src.indexOf(',') + 1)).buffer)).getChannelData(0);
    out.push([x.length, x.reduce((s, v) => s + v * v, 0)]);
  }
  return out;
}, there.length);
check('every sound is as long as the input', sounds.length === there.length + 1 && sounds.every((s) => s[0] === sounds[0][0]), JSON.stringify(sounds));
check('a top part is a part of it', sounds.slice(1).every((s) => s[1] > 0 && s[1] < sounds[0][1]), JSON.stringify(sounds));
const time = () => read(page, () => window.auscult.compare.time());
const pressed = () => read(page, () => Array.from(document.querySelectorAll('[data-play]')).filter((b) => b.getAttribute('aria-pressed') === 'true').map((b) => b.dataset.play).join());
/* In one go within the page: the machine may be busy with other things. */
const twice = await read(page, async () => {
  const b = document.querySelector('[data-play="0"]'), said = [];
  b.click();
  while (!window.auscult.compare.playing()) await new Promise((f) => setTimeout(f, 10));
  said.push(b.getAttribute('aria-pressed'));
  b.click();
  return said.concat(b.getAttribute('aria-pressed'), window.auscult.compare.playing());
});
check('a button plays its method, and stops it', twice.join() === 'true,false,false', twice.join());
const moments = await read(page, async () => { const c = window.auscult.compare; await c.play(1); c.stop(); c.go(1); await c.play(0); await new Promise((f) => setTimeout(f, 100)); const t = c.time(); await c.play(1); const u = c.time(); const on = c.chosen(); document.getElementById('play').click(); return [t, u, on, c.playing()]; });
check('another goes on at the same moment', moments[0] > 1 && moments[1] >= moments[0] && moments[1] < moments[0] + 1 && moments[2] === 1, JSON.stringify(moments));
check('pause', moments[3] === false && (await pressed()) === '');
const stage = await page.locator('.panel .stage').nth(1).boundingBox();
await page.mouse.click(stage.x + stage.width / 2, stage.y + 20);
near('a click on a picture goes there', await time(), 3, 0.1);
await page.locator('h1').click();
await page.keyboard.press('2');
await page.waitForFunction(() => window.auscult.compare.playing());
check('a digit chooses', (await pressed()) === (await page.locator('.panel').nth(2).getAttribute('data-panel')), await pressed());
await page.keyboard.press(' ');
check('space stops', (await pressed()) === '');
await page.locator('#opacity').fill('0.2');
check('opacity', (await read(page, () => document.querySelector('.over').style.opacity)) === '0.2');
quiet('compare', page);
await page.context().close();

{
  const p = await open(browser, file, { javaScriptEnabled: false });
  check('without script: scores, a picture, players', (await p.locator('#scores').isVisible()) && (await p.locator('#seen').isVisible()) && (await p.locator('audio').count()) === there.length + 1);
  await p.context().close();
}
await looks(browser, file, 'compare');
await browser.close();
console.log('end');
