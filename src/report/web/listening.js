'use strict';
(function () {
  const $ = (s, at) => (at || document).querySelector(s), all = (s, at) => Array.from((at || document).querySelectorAll(s));
  const shuffle = list => {
    for (let i = list.length - 1; i > 0; i--) {
      const j = crypto.getRandomValues(new Uint32Array(1))[0] % (i + 1);
      [list[i], list[j]] = [list[j], list[i]];
    }
    return list;
  };
  const sections = shuffle(all('section.trial'));
  const main = $('main');
  sections.forEach((s, i) => {
    main.insertBefore(s, $('#done'));
    $('h2', s).textContent = 'Sound ' + (i + 1) + ' of ' + sections.length;
    const list = $('ol', s);
    shuffle(all('li', list)).forEach(li => list.append(li));
  });
  const rated = input => input.dataset.moved === 'yes';
  const complete = () => all('input[type=range]').every(rated) && $('#who').value.trim() !== '';
  const refresh = () => {
    const left = all('input[type=range]').filter(i => !rated(i)).length;
    $('#save').disabled = !complete();
    $('#left').textContent = left ? left + ' ratings are missing.' : $('#who').value.trim() ? 'All is rated.' : 'Please give a code for yourself.';
  };
  all('input[type=range]').forEach(input => {
    const out = $('output', input.parentNode);
    const moved = () => { input.dataset.moved = 'yes'; out.textContent = input.value; refresh(); };
    input.addEventListener('input', moved);
    input.addEventListener('change', moved);
  });
  all('audio').forEach(a => a.addEventListener('play', () => {
    a.dataset.plays = Number(a.dataset.plays || 0) + 1;
    all('audio').forEach(b => { if (b !== a) b.pause(); });
  }));
  $('#who').addEventListener('input', refresh);
  $('#save').addEventListener('click', () => {
    const who = $('#who').value.trim().replace(/[^\w.-]+/g, '_');
    const rows = ['participant\ttrial\tclass\tposition\tcode\trating\tplays\tinput_plays'];
    sections.forEach(s => all('li', s).forEach((li, i) => rows.push([who, s.dataset.trial, s.dataset.class, i + 1, li.dataset.code, $('input', li).value,
      $('audio', li).dataset.plays || 0, $('audio', s).dataset.plays || 0].join('\t'))));
    const a = document.createElement('a');
    a.href = URL.createObjectURL(new Blob([rows.join('\n') + '\n'], { type: 'text/tab-separated-values' }));
    a.download = 'answers-' + who + '.tsv';
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 1000);
  });
  refresh();
})();
