import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    // Those need a card, and run without vitest: npm run test:cuda.
    exclude: ['test/cuda/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What the developer has installed, such as weights, changes no test, and neither does what an earlier one computed.
    env: { ARROWHEAD_HOME: 'test/report/no-home', ARROWHEAD_CACHE: '0' },
    // Browsers and engines share the cores with whatever else runs.
    expect: { poll: { timeout: 15_000 } },
    // Two cores: the kernels bring their own threads, so test files run one after another in forks.
    pool: 'forks',
    maxWorkers: 1,
    reporters: process.env.CI ? ['default', 'json'] : ['default'],
    outputFile: { json: 'test/report/vitest.json' },
  },
});
