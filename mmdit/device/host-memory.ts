import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import path from 'node:path';

/** Bytes that this process may use: the machine's, or less where a container limits it. */
export function totalMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(totalmem(), limit) : totalmem();
}

/**
 * Bytes that could be taken now without anything being swapped out: free memory and what only caches files, within the
 * limits of this process's control groups.
 */
export function freeMemory(): number {
  if (process.platform === 'linux') return linuxFreeMemory(readSystemFile) ?? freemem();
  if (process.platform === 'darwin') return macFreeMemory();
  return freemem();
}

/** Content of a system file; null where there is none. */
export type ReadSystemFile = (file: string) => string | null;

/** null where /proc/meminfo does not say. */
export function linuxFreeMemory(read: ReadSystemFile): number | null {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(read('/proc/meminfo') ?? '')?.[1];
  if (available === undefined) return null;
  return Math.max(0, Math.min(Number(available) * 1024, ...controlGroups(read).map((group) => freeIn(group, read))));
}

interface ControlGroup {
  readonly limit: string;
  readonly usage: string;
  readonly stat: string;
  /** Lines of `stat` that count memory which the kernel gives back on demand. */
  readonly reclaimable: readonly string[];
}

/** Of the memory controller, version 1 or 2: this process's group and those that it lies in. */
function controlGroups(read: ReadSystemFile): readonly ControlGroup[] {
  const groups: ControlGroup[] = [];
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [, controllers, place] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (place === undefined) continue;
    const isVersion1 = controllers?.split(',').includes('memory');
    if (!isVersion1 && controllers !== '') continue;
    for (let at = place; ; at = path.posix.dirname(at)) {
      groups.push(isVersion1 ? version1Group(`/sys/fs/cgroup/memory${at}`) : version2Group(`/sys/fs/cgroup${at}`));
      if (at === '/') break;
    }
  }
  return groups;
}

function version1Group(folder: string): ControlGroup {
  return {
    limit: path.posix.join(folder, 'memory.limit_in_bytes'),
    usage: path.posix.join(folder, 'memory.usage_in_bytes'),
    stat: path.posix.join(folder, 'memory.stat'),
    reclaimable: ['total_active_file', 'total_inactive_file'],
  };
}

function version2Group(folder: string): ControlGroup {
  return {
    limit: path.posix.join(folder, 'memory.max'),
    usage: path.posix.join(folder, 'memory.current'),
    stat: path.posix.join(folder, 'memory.stat'),
    reclaimable: ['active_file', 'inactive_file', 'slab_reclaimable'],
  };
}

/** Infinite where the group has no limit, or none that can be read. */
function freeIn({ limit, usage, stat, reclaimable }: ControlGroup, read: ReadSystemFile): number {
  const [most, used] = [limit, usage].map((file) => Number.parseInt(read(file) ?? '', 10)) as [number, number];
  if (!Number.isFinite(most) || !Number.isFinite(used)) return Number.POSITIVE_INFINITY;
  const counts = new Map((read(stat) ?? '').split('\n').map((line) => line.split(' ') as [string, string]));
  const cached = reclaimable.reduce((sum, name) => sum + Number(counts.get(name) ?? 0), 0);
  return most - used + cached;
}

function readSystemFile(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function macFreeMemory(): number {
  try {
    return freeInVmStat(execFileSync('/usr/bin/vm_stat', { encoding: 'utf8' })) ?? freemem();
  } catch {
    return freemem();
  }
}

/** Of vm_stat's pages those that are free, or cache files and can be dropped. null for another output. */
export function freeInVmStat(output: string): number | null {
  const pageSize = /page size of (\d+) bytes/.exec(output)?.[1];
  const pages = ['free', 'inactive', 'speculative', 'purgeable'].map((kind) =>
    Number(new RegExp(`^Pages ${kind}:\\s+(\\d+)`, 'm').exec(output)?.[1] ?? Number.NaN),
  );
  const bytes = Number(pageSize) * pages.reduce((sum, count) => sum + count, 0);
  return Number.isFinite(bytes) ? bytes : null;
}
