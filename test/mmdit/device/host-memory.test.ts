import { totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import { freeInVmStat, freeMemory, linuxFreeMemory, totalMemory } from '../../../mmdit/device/host-memory.ts';

const GIB = 2 ** 30;
const MEMINFO = 'MemTotal:       24684544 kB\nMemFree:          262144 kB\nMemAvailable:   20971520 kB\n';

function system(files: Readonly<Record<string, string>>): (file: string) => string | null {
  return (file) => ({ '/proc/meminfo': MEMINFO, ...files })[file] ?? null;
}

describe('free memory on Linux', () => {
  it('is what is available: what caches files can be had', () => {
    expect(linuxFreeMemory(system({}))).toBe(20 * GIB);
    expect(linuxFreeMemory(() => null)).toBeNull();
  });

  it('is less in a control group with a limit, whose file cache counts as free', () => {
    const group = '/sys/fs/cgroup/user.slice/job';
    const limited = {
      '/proc/self/cgroup': '0::/user.slice/job\n',
      [`${group}/memory.max`]: `${8 * GIB}\n`,
      [`${group}/memory.current`]: `${7 * GIB}\n`,
      [`${group}/memory.stat`]: `anon ${4 * GIB}\nfile ${3 * GIB}\nactive_file ${GIB}\ninactive_file ${2 * GIB}\n`,
    };
    expect(linuxFreeMemory(system(limited))).toBe(4 * GIB);
    expect(linuxFreeMemory(system({ ...limited, [`${group}/memory.max`]: 'max\n' }))).toBe(20 * GIB);
    const parent = {
      '/sys/fs/cgroup/user.slice/memory.max': `${GIB}`,
      '/sys/fs/cgroup/user.slice/memory.current': '0',
    };
    expect(linuxFreeMemory(system({ ...limited, ...parent }))).toBe(GIB);
  });

  it('is less in a limited group of the first version', () => {
    const group = '/sys/fs/cgroup/memory/docker/1f';
    const limited = {
      '/proc/self/cgroup': '9:name=systemd:/\n4:memory:/docker/1f\n3:cpuset:/\n0::/\n',
      [`${group}/memory.limit_in_bytes`]: `${6 * GIB}`,
      [`${group}/memory.usage_in_bytes`]: `${5 * GIB}`,
      [`${group}/memory.stat`]: `cache ${2 * GIB}\ntotal_active_file 0\ntotal_inactive_file ${2 * GIB}\n`,
    };
    expect(linuxFreeMemory(system(limited))).toBe(3 * GIB);
  });
});

it('is free and droppable pages on macOS', () => {
  const output = [
    'Mach Virtual Memory Statistics: (page size of 16384 bytes)',
    'Pages free:                               10000.',
    'Pages active:                            200000.',
    'Pages inactive:                           30000.',
    'Pages speculative:                         2000.',
    'Pages purgeable:                            500.',
  ].join('\n');
  expect(freeInVmStat(output)).toBe(16384 * 42_500);
  expect(freeInVmStat('something else')).toBeNull();
});

it('is more than nothing here, and no more than the machine has', () => {
  expect(freeMemory()).toBeGreaterThan(2 ** 20);
  expect(freeMemory()).toBeLessThanOrEqual(totalmem());
  expect(totalMemory()).toBeLessThanOrEqual(totalmem());
});
