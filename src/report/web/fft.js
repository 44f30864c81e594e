'use strict';
/* Playing only some cells of the picture: short Fourier transforms of what is heard, each bin times its cell's 0 or 1,
 * and back. Squared-sine windows overlap fourfold and are divided out, so that all ones give the sound itself. */
(function (a) {
  /* In place, radix 2, n a power of two; inverse without the 1/n. */
  const transform = (re, im, sign) => {
    const n = re.length;
    for (let i = 1, j = 0; i < n; i++) {
      let bit = n >> 1;
      for (; j & bit; bit >>= 1) j ^= bit;
      j ^= bit;
      if (i < j) { [re[i], re[j]] = [re[j], re[i]]; [im[i], im[j]] = [im[j], im[i]]; }
    }
    for (let size = 2; size <= n; size *= 2) {
      const half = size / 2, step = sign * 2 * Math.PI / size;
      for (let k = 0; k < half; k++) {
        const c = Math.cos(step * k), s = Math.sin(step * k);
        for (let i = k; i < n; i += size) {
          const j = i + half, x = re[j] * c - im[j] * s, y = re[j] * s + im[j] * c;
          re[j] = re[i] - x; im[j] = im[i] - y;
          re[i] += x; im[i] += y;
        }
      }
    }
  };
  /* x[samples]; keep(second, bin's hertz) gives the factor of a cell. */
  a.masked = (x, rate, keep) => {
    const n = Math.pow(2, Math.round(Math.log2(rate * 0.064))), hop = n / 4, out = new Float32Array(x.length), norm = new Float32Array(x.length);
    const window_ = Float64Array.from({ length: n }, (v, i) => Math.sin(Math.PI * (i + 0.5) / n) ** 2);
    const re = new Float64Array(n), im = new Float64Array(n);
    for (let at = -n + hop; at < x.length; at += hop) {
      let any = false;
      for (let i = 0; i < n; i++) { re[i] = (x[at + i] || 0) * window_[i]; im[i] = 0; any = any || re[i] !== 0; }
      for (let i = 0; i < n; i++) if (at + i >= 0 && at + i < x.length) norm[at + i] += window_[i] * window_[i];
      if (!any) continue;
      transform(re, im, -1);
      const middle = (at + n / 2) / rate;
      for (let k = 0; k <= n / 2; k++) {
        const g = keep(middle, k * rate / n);
        re[k] *= g; im[k] *= g;
        if (k > 0 && k < n / 2) { re[n - k] *= g; im[n - k] *= g; }
      }
      transform(re, im, 1);
      for (let i = 0; i < n; i++) if (at + i >= 0 && at + i < x.length) out[at + i] += re[i] / n * window_[i];
    }
    return out.map((v, i) => v / norm[i]);
  };
})(window.auscult);
