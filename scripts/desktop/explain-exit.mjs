/** What Chromium writes to stderr as it gives up, and what to do about each in a clone. The first that fits is told. */
const REASONS = [
  {
    said: /SUID sandbox helper binary|No usable sandbox/,
    advice: (folder) => [
      'Electron can make no sandbox for its window here (Ubuntu 23.10 and newer restrict user namespaces). Either',
      `  sudo chown root:root ${folder}/chrome-sandbox && sudo chmod 4755 ${folder}/chrome-sandbox`,
      'or, until the next start of the machine,',
      '  sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0',
      'or open the workbench in the browser: ARROWHEAD_NO_ELECTRON=1 npm start',
    ],
  },
  {
    said: /Running as root without --no-sandbox/,
    advice: () => [
      'Electron makes no sandbox for root. Start as an ordinary user, or open the workbench in the browser:',
      '  ARROWHEAD_NO_ELECTRON=1 npm start',
    ],
  },
  {
    said: /GPU process isn't usable/,
    advice: () => ['The graphics process does not start here. Start without it: npm start -- --disable-gpu'],
  },
  {
    said: /Missing X server or \$DISPLAY|platform failed to initialize|cannot open display/i,
    advice: () => [
      'Electron finds no screen (DISPLAY, WAYLAND_DISPLAY). Open the workbench in the browser:',
      '  ARROWHEAD_NO_ELECTRON=1 npm start',
    ],
  },
  {
    said: /error while loading shared libraries: (\S+):/,
    advice: (_folder, [, library]) => [
      `Electron needs ${library}, which is not installed. Debian and Ubuntu: apt install libgtk-3-0 libnss3 libgbm1 libasound2`,
      'Or open the workbench in the browser: ARROWHEAD_NO_ELECTRON=1 npm start',
    ],
  },
];

/** Lines to tell when Electron ended by itself, by its last output; none where it says nothing that is known. */
export function explainExit(stderr, electronFolder) {
  for (const { said, advice } of REASONS) {
    const found = said.exec(stderr);
    if (found) return advice(electronFolder, found);
  }
  return [];
}
