const KEY = 'arrowhead.token';

/**
 * The token of the printed address (`#token=…`); null where this tab never had one. It is taken out of the address bar,
 * so that neither history nor screenshots keep it, and remembered by this tab for this origin alone, port included, so
 * that a reload works. A cookie would be sent to every port of the machine.
 */
export function takeLoginToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given === null) return sessionStorage.getItem(KEY);
  sessionStorage.setItem(KEY, given);
  history.replaceState(null, '', location.pathname + location.search);
  return given;
}

/** A printed address that is opened in a tab with the workbench changes only the fragment, which loads nothing. */
export function reloadForNewToken(): void {
  window.addEventListener('hashchange', () => {
    if (location.hash.startsWith('#token=')) location.reload();
  });
}
