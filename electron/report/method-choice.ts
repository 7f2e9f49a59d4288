import { groupMethods, hasVariants, methodLabel } from '../contract/methods.ts';
import { Html, html } from './html.ts';

/** One radio button per method of the table, by family where windows alone do not tell them apart. */
export function renderMethodChoice(methods: readonly string[]): Html {
  if (!hasVariants(methods))
    return html`<span class="choice">${methods.map((name) => radio(methods, name, methodLabel(name)))}</span>`;
  return html`${groupMethods(methods).map(
    ({ title, methods: family }) =>
      html`<span class="family">${title}<span class="choice">${family.map(({ name, label }) => radio(methods, name, label))}</span></span>`,
  )}`;
}

function radio(methods: readonly string[], name: string, label: string): Html {
  const index = methods.indexOf(name);
  return html`<label><input type="radio" name="method" value="${index}" aria-label="${methodLabel(name)}" autocomplete="off"${new Html(index === 0 ? ' checked' : '')}>${label}</label>`;
}
