/* lib.mjs - what the page's tests share: a browser that tells on every request and message, the command, checks. */
import { chromium } from 'playwright-core';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export const work = process.env.WORK, demo = work + '/demo', pages = work + '/pages', shots = work + '/shots';
export const ok = (name) => console.log('ok - ' + name);
export const notOk = (name, why) => console.log('not ok - ' + name + (why === undefined ? '' : ': ' + why));
export const check = (name, good, why) => (good ? ok(name) : notOk(name, why));
/* For what follows on an action a little later, on a slow machine much later: looks until it holds, ten seconds at most. */
export const until = async (holds, most = 10000) => {
  for (const end = Date.now() + most; ;) {
    const good = await holds();
    if (good || Date.now() > end) return good;
    await new Promise((done) => setTimeout(done, 50));
  }
};
export const soon = async (name, holds, why) => check(name, await until(holds), why && (await why()));
export const near = (name, got, want, tolerance) => check(name, Math.abs(got - want) <= tolerance, `${got}, want ${want} within ${tolerance}`);

export const auscult = (...args) => execFileSync(process.env.AUSCULT, args, { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] });

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--mute-audio', '--autoplay-policy=no-user-gesture-required']
});

/* Opens a page from a file. page.said collects what must stay empty: console messages, errors, requests. */
export const open = async (browser, file, options) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.said = [];
  page.on('console', (m) => page.said.push('console: ' + m.text()));
  page.on('pageerror', (e) => page.said.push('error: ' + e.message));
  page.on('request', (r) => { if (!r.url().startsWith('data:') && r.url() !== 'file://' + file) page.said.push('request: ' + r.url()); });
  await page.goto('file://' + file);
  return page;
};
export const quiet = (name, page) => check(name + ': no message, no error, no request', page.said.length === 0, page.said.slice(0, 3).join('; '));

/* What a reader has before the eyes: the page has put off what lies far below, and fonts and players have their sizes. */
const settled = async (page) => {
  await page.waitForFunction(() => { const c = document.documentElement.classList; return !c.contains('live') || !document.getElementById('stage') || c.contains('settled'); }, null, { timeout: 3000 }).catch(() => null);
  await page.evaluate(() => document.fonts.ready.then(() => new Promise((done) => window.requestAnimationFrame(() => window.requestAnimationFrame(done)))));
};

/* Nothing is wider than the window, light and dark, at every width; a screenshot of each. */
export const looks = async (browser, file, name, widths = [360, 390, 800, 1280, 1400]) => {
  for (const width of widths)
    for (const colorScheme of ['light', 'dark']) {
      const page = await open(browser, file, { viewport: { width, height: 900 }, colorScheme });
      await settled(page);
      const look = () => page.evaluate(() => {
        const most = document.documentElement.clientWidth, bad = [], name = (e) => `${e.tagName}.${e.getAttribute('class')}#${e.id}`;
        if (document.documentElement.scrollWidth > most) {
          const why = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().left + e.scrollWidth > most + 1 && getComputedStyle(e).overflowX === 'visible' && !e.closest('.scroll, .wide')).map(name);
          bad.push(`the page scrolls sideways: ${document.documentElement.scrollWidth} (${document.documentElement.className}; ${why.slice(-4).join(' ')})`);
        }
        for (const e of document.querySelectorAll('body *')) {
          if (e.closest('.scroll, .wide, .many, svg') || !e.getClientRects().length) continue;
          const r = e.getBoundingClientRect();
          if (r.right > most + 1 || r.left < -1) bad.push(`${name(e)} ${Math.round(r.left)}..${Math.round(r.right)}`);
        }
        return bad;
      });
      let wide = await look();
      if (wide.length) { /* once on a busy machine a page was 45 px too wide at the moment it was loaded, never again: a page that stays so is wrong */
        console.log(`note - ${name} at ${width} px, ${colorScheme}, at first: ${wide.slice(0, 4).join('; ')}`);
        await page.waitForTimeout(500);
        wide = await look();
      }
      check(`${name} at ${width} px, ${colorScheme}: nothing sticks out`, wide.length === 0, wide.slice(0, 4).join('; '));
      if (width === 1280 || colorScheme === 'light') await page.screenshot({ path: `${shots}/${name}-${width}-${colorScheme}.png`, fullPage: true });
      if (width === 1280) await contrast(page, `${name}, ${colorScheme}`);
      await page.context().close();
    }
};

/* WCAG 2: 4.5 to 1 for text, 3 to 1 for large text, against the first opaque background behind it. */
export const contrast = async (page, name) => {
  const bad = await page.evaluate(() => {
    const parse = (c) => { const v = c.match(/[\d.]+/g).map(Number); return v.length < 4 ? [...v, 1] : v; };
    const light = (c) => { const f = c.slice(0, 3).map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4)); return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
    const found = new Set();
    for (const e of document.querySelectorAll('body *')) {
      if (!e.getClientRects().length || ![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
      if (e.tagName === 'SCRIPT' || e.disabled) continue;
      const style = getComputedStyle(e);
      const ink = parse(e.closest('svg') ? style.fill : style.color);
      let ground = [255, 255, 255];
      for (let p = e; p; p = p.parentElement) { const b = parse(getComputedStyle(p).backgroundColor); if (b[3] === 1) { ground = b; break; } }
      const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
      const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5)) found.add(`${e.tagName}.${e.className.baseVal ?? e.className} ${ratio.toFixed(2)} "${e.textContent.trim().slice(0, 20)}"`);
    }
    return [...found];
  });
  check(`${name}: text stands out from its ground`, bad.length === 0, bad.slice(0, 5).join('; '));
};

/* axe-core, the judge that others use for accessibility: WCAG 2.1 A and AA and its best practices. Where npm cannot fetch it, it is
 * said once. */
let axe = null, missed = false;
try { axe = readFileSync(work + '/node_modules/axe-core/axe.min.js', 'utf8'); } catch (e) { /* not there */ }
export const judged = async (page, name) => {
  if (!axe) { if (!missed) console.log('skip - axe-core is not here: npm could not fetch it'); missed = true; return; }
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }));
  check(`${name}: axe-core ${found.testEngine.version} finds nothing in ${found.passes.length} rules`, found.violations.length === 0,
    found.violations.slice(0, 4).map((v) => `${v.id}: ${v.nodes.length} (${v.nodes[0].html.slice(0, 90)})`).join('; '));
};

/* Every control has a name that a screen reader can say. */
export const named = async (page, name) => {
  const bad = await page.evaluate(() => [...document.querySelectorAll('button, input, select, audio, canvas, [role=img], [tabindex]')].filter((e) => e.getClientRects().length && !e.closest('[aria-hidden="true"]')).filter((e) => {
    const label = e.getAttribute('aria-label') || e.textContent.trim() || (e.labels && e.labels.length && e.labels[0].textContent.trim()) || (e.getAttribute('aria-labelledby') || '');
    return !label;
  }).map((e) => e.outerHTML.slice(0, 80)));
  check(`${name}: every control has a name`, bad.length === 0, bad.slice(0, 3).join('; '));
};
