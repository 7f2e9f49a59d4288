import { mkdirSync, readFileSync, rmdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';

const HEARTBEAT_MS = 2_000;
// A process whose clock stood still (a laptop asleep) is given this long to touch its lock again.
const SILENCE_MS = 15_000;
// No heart beats for so long: the process number now belongs to somebody else.
const DEAD_MS = 5 * 60_000;

/**
 * One set-up at a time in a checkout. The lock is a file made with O_EXCL that its owner touches every two seconds; it is
 * stale when that stopped and the owner is gone (or can't be asked, being on another host, or silent for minutes).
 */
export async function withSetupLock(root, say, work) {
  const file = path.join(root, 'native-kernels', 'build', 'setup.lock');
  mkdirSync(path.dirname(file), { recursive: true });
  let waiting = false;
  while (!tryLock(file)) {
    if (!waiting) say('another set-up is at work in this checkout; waiting for it');
    waiting = true;
    await new Promise((wake) => setTimeout(wake, 250));
  }
  const beat = setInterval(() => touch(file), HEARTBEAT_MS);
  const release = () => rmSync(file, { force: true });
  const onSignal = (signal) => {
    release();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    release();
  }
}

function tryLock(file) {
  try {
    writeFileSync(file, JSON.stringify({ pid: process.pid, host: hostname() }), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  if (isStale(file)) removeStale(file);
  return false;
}

/** Two that find the same stale lock must not remove each other's fresh one: only one at a time may remove. */
function removeStale(file) {
  const remover = `${file}.removal`;
  try {
    mkdirSync(remover);
  } catch {
    if (ageOf(remover) > SILENCE_MS) rmSync(remover, { recursive: true, force: true });
    return;
  }
  if (isStale(file)) rmSync(file, { force: true });
  rmdirSync(remover);
}

function isStale(file) {
  const age = ageOf(file);
  if (age < SILENCE_MS) return false;
  if (age > DEAD_MS) return true;
  try {
    const { pid, host } = JSON.parse(readFileSync(file, 'utf8'));
    return host !== hostname() || !isAlive(pid);
  } catch {
    // Half-written by a process that died, or gone by now.
    return true;
  }
}

function ageOf(file) {
  try {
    return Date.now() - statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function touch(file) {
  try {
    const now = new Date();
    utimesSync(file, now, now);
  } catch {
    // Removed by hand: the work goes on.
  }
}
