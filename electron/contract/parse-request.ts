import type { z } from 'zod';
import { type RequestName, requests } from '../contract.ts';

/** A request that the contract does not know, or whose params are not as it says. */
export class InvalidRequestError extends Error {
  override readonly name = 'InvalidRequestError';
}

export interface ParsedRequest {
  readonly name: RequestName;
  /** As the request's schema puts it out. */
  readonly params: never;
}

const SHOWN_ISSUES = 5;
const SHOWN_CHARACTERS = 300;

/** Checks what came from outside against the contract. Throws InvalidRequestError that names request, field and reason. */
export function parseRequest(name: unknown, params: unknown): ParsedRequest {
  if (typeof name !== 'string' || !Object.hasOwn(requests, name))
    throw new InvalidRequestError(`there is no request ${quoted(name)}; electron/contract.ts lists those that are`);
  const parsed = requests[name as RequestName].params.safeParse(params);
  if (!parsed.success) throw new InvalidRequestError(`${name}: ${describeIssues(parsed.error.issues)}`);
  return { name: name as RequestName, params: parsed.data as never };
}

function describeIssues(issues: readonly z.core.$ZodIssue[]): string {
  const shown = issues.slice(0, SHOWN_ISSUES).map(({ path, message }) => {
    const where = path.map((part) => shortened(String(part))).join('.') || 'params';
    return `${where}: ${shortened(message)}`;
  });
  if (issues.length > shown.length) shown.push(`${issues.length - shown.length} more`);
  return shown.join('; ');
}

function quoted(name: unknown): string {
  return typeof name === 'string' ? JSON.stringify(shortened(name)) : `of type ${typeof name}`;
}

/** What a stranger sent must not fill logs and windows. */
function shortened(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)} …` : text;
}
