import type { ServerResponse } from 'node:http';

export interface PlainPage {
  readonly status: number;
  readonly title: string;
  /** Sentences for the user. */
  readonly text: string;
}

export const PAGES = {
  badRequest: { status: 400, title: 'Not understood', text: 'This is no request that a browser makes.' },
  foreignHost: {
    status: 403,
    title: 'Unknown host name',
    text: 'The workbench was asked for under a name that it does not know, and refuses for safety. Open it as localhost, through ssh -L for instance, or start arrowhead serve with --host and that name.',
  },
  foreignOrigin: {
    status: 403,
    title: 'Foreign page',
    text: 'Another web page asked for this. Only the workbench itself may.',
  },
  notFound: {
    status: 404,
    title: 'Not here',
    text: 'There is no such page. The workbench is at the address without a path.',
  },
  onlyGet: { status: 405, title: 'Only for reading', text: 'Pages can only be read here, with GET or HEAD.' },
  failed: {
    status: 500,
    title: 'Failed',
    text: 'The page could not be sent. Reload it; if that does not help, start arrowhead serve anew.',
  },
  notBuilt: {
    status: 503,
    title: 'The window is not built yet',
    text: 'The server runs, but the pages of the workbench are missing. In the folder of Arrowhead run: npm run build:renderer. Then reload this page.',
  },
} as const satisfies Record<string, PlainPage>;

/** A page that needs nothing else of the server. Text is ours alone; nothing of the request is shown. */
export function sendPage(response: ServerResponse, { status, title, text }: PlainPage): void {
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} – Arrowhead</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 20vh auto; padding: 0 1.5rem }</style>
<h1>${title}</h1>
<p>${text}</p>
</html>
`;
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(html),
    'Cache-Control': 'no-store',
    ...(status === 405 && { Allow: 'GET, HEAD' }),
  });
  response.end(html);
}
