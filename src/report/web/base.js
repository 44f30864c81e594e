'use strict';
/* What the page's parts share: elements, numbers, and one state whose changes they hear of.
 * auscult.result is the command's JSON; tests drive the page through window.auscult as well. */
window.auscult = (function () {
  const byId = (id) => document.getElementById(id);
  const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));
  const bytesOf = (base64) => Uint8Array.from(window.atob(base64), (c) => c.charCodeAt(0));
  const loaded = new Promise((ok) => { if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => ok()); else ok(); });
  const data = (id) => { const e = byId(id); return e ? JSON.parse(e.textContent) : null; };
  const listeners = [];
  const state = { on: [], volume: [], target: 0, loop: null, only: null };
  /* Three significant digits, without an exponent where people would not write one. */
  const number = (v) => {
    if (v === null || !isFinite(v)) return '\u2013';
    const size = Math.abs(v);
    return size !== 0 && (size < 1e-4 || size >= 1e6) ? v.toExponential(2) : String(Number(v.toPrecision(3)));
  };
  const signed = (v) => (v > 0 ? '+' : '') + number(v).replace('-', '\u2212');
  const clock = (s) => (s >= 60 ? Math.floor(s / 60) + ':' + (s % 60 < 9.95 ? '0' : '') + (s % 60).toFixed(1) : s.toFixed(1) + ' s');
  const change = (values) => { Object.assign(state, values); listeners.forEach((f) => f(state)); };
  const make = (name, attributes, text) => {
    const e = document.createElement(name);
    Object.keys(attributes || {}).forEach((k) => e.setAttribute(k, attributes[k]));
    if (text !== undefined) e.textContent = text;
    return e;
  };
  return { loaded, byId, all, bytesOf, data, state, number, signed, clock, change, make, hear: (f) => { listeners.push(f); f(state); }, result: data('result') };
})();
