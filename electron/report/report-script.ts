/**
 * The report's only script: repaints the two heatmaps for another step or method, and reads out the cell that is
 * pointed at or reached with the arrow keys. Without it the report shows the first step that tells something.
 */
export const REPORT_SCRIPT = `
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const { layers, heads, steps, methods, planMethods, planFills, planMarks, shades, low, high } = data;
const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const rse = new Float32Array(bytes(data.rse).buffer);
const choices = bytes(data.choices);
const step = document.getElementById('step');
const maps = ['rse-map', 'plan-map'].map((id) => document.getElementById(id));
const rects = maps.map((map) => [...map.querySelectorAll('.cells rect')]);
const marks = [...maps[1].querySelectorAll('.marks text')];
const readout = document.getElementById('readout');
const shares = document.getElementById('shares');
let method = 0;
let cursor = null;

const rseAt = (layer, of, head) => rse[((step.valueAsNumber * layers.length + layer) * methods.length + of) * heads + head];
const choiceAt = (layer, head) => choices[(step.valueAsNumber * layers.length + layer) * heads + head];
const number = (value) => Number.isFinite(value) ? (value !== 0 && value < 1e-4 ? value.toExponential(1) : String(Number(value.toPrecision(3)))) : 'not possible';
const shade = (value) => {
  if (!Number.isFinite(value)) return 'url(#rse-map-none)';
  const part = value > 0 ? (Math.log10(value) - low) / (high - low) : 0;
  return shades[Math.round(Math.min(1, Math.max(0, part)) * (shades.length - 1))];
};

function paint() {
  document.getElementById('step-text').value = step.value + ' / ' + (steps - 1);
  document.getElementById('rse-method').textContent = methods[method];
  for (let layer = 0; layer < layers.length; layer++) {
    for (let head = 0; head < heads; head++) {
      const index = layer * heads + head;
      const choice = choiceAt(layer, head);
      rects[0][index].setAttribute('fill', shade(rseAt(layer, method, head)));
      rects[1][index].setAttribute('fill', planFills[choice]);
      if (marks[index]) {
        marks[index].textContent = planMarks[choice];
        marks[index].classList.toggle('dark', data.darkMarks[choice]);
      }
    }
  }
  const { left, pitch } = shares.dataset;
  shares.querySelector('.cursor').setAttribute('x', Number(left) + step.valueAsNumber * Number(pitch) - 1);
  describe();
}

function describe() {
  for (const map of maps) {
    const box = map.querySelector('.cursor');
    const { size, left } = map.dataset;
    box.setAttribute('x', cursor ? Number(left) + cursor.layer * size - 1 : -99);
    box.setAttribute('y', cursor ? cursor.head * size - 1 : -99);
  }
  if (!cursor) {
    readout.textContent = 'Point at a cell, or tab to a map and use the arrow keys, to read its values.';
    return;
  }
  const { layer, head } = cursor;
  const chosen = document.createElement('b');
  chosen.textContent = planMethods[choiceAt(layer, head)];
  const values = methods.map((name, index) => name + ' ' + number(rseAt(layer, index, head))).join(', ');
  readout.replaceChildren(layers[layer] + ', head ' + head + ', step ' + step.value + ': chosen ', chosen, ' · RSE ' + values);
}

function point(map, event) {
  const box = map.getBoundingClientRect();
  const { size, left } = map.dataset;
  const layer = Math.floor((event.clientX - box.left - left) / size);
  const head = Math.floor((event.clientY - box.top) / size);
  if (layer >= 0 && layer < layers.length && head >= 0 && head < heads) {
    cursor = { layer, head };
    describe();
  }
}

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
for (const map of maps) {
  map.addEventListener('pointermove', (event) => point(map, event));
  map.addEventListener('click', (event) => point(map, event));
  map.addEventListener('keydown', (event) => {
    const move = MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    const from = cursor ?? { layer: -move[0], head: -move[1] };
    cursor = {
      layer: Math.min(layers.length - 1, Math.max(0, from.layer + move[0])),
      head: Math.min(heads - 1, Math.max(0, from.head + move[1])),
    };
    describe();
    map.querySelector('.cursor').scrollIntoView({ block: 'nearest', inline: 'nearest' });
  });
}
shares.addEventListener('click', (event) => {
  const { left, pitch } = shares.dataset;
  const at = Math.floor((event.clientX - shares.getBoundingClientRect().left - left) / pitch);
  if (at >= 0 && at < steps) { step.value = at; paint(); }
});
step.addEventListener('input', paint);
for (const input of document.querySelectorAll('input[name=method]')) {
  input.addEventListener('change', () => { method = Number(input.value); paint(); });
}
document.documentElement.classList.add('scripted');
paint();
`;
