/** The server cannot listen where it was told to. */
export class ListenError extends Error {
  override readonly name = 'ListenError';

  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    super(explain(host, port, cause), { cause });
  }
}

function explain(host: string, port: number, { code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} of ${host} is in use, by another arrowhead serve perhaps. Give another --port; 0 takes any free one.`;
    case 'EACCES':
      return `Port ${port} of ${host} is kept for the system. Give a --port above 1023.`;
    case 'EADDRNOTAVAIL':
      return `${host} is no address of this machine. Give one that is as --host; 127.0.0.1 always is.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The host name ${host} cannot be resolved. Give an address of this machine as --host, such as 127.0.0.1.`;
    default:
      return `Port ${port} of ${host} cannot be opened: ${message}`;
  }
}
