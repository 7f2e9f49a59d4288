import { z } from 'zod';

/** An error or warning of a window, for the host's log. */
export const windowReport = z.strictObject({
  level: z.enum(['error', 'warn']),
  /** The error's class; `console` for what a page's program warned of. */
  name: z.string().max(100),
  message: z.string().max(2000),
  stack: z.string().max(8000),
});
