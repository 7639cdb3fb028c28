/**
 * Four projects. `unit` sits beside its subject and answers in seconds: part of `npm run check`.
 * `cluster` runs against a real Kubernetes control plane (tests/cluster/control-plane.ts), `e2e` on a
 * whole cluster with a real node (tests/e2e/cluster.ts). `system` starts real processes, servers and
 * browsers. All are part of `make test`.
 */

const common = {
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/tests/strip-types.js" },
  modulePathIgnorePatterns: ["<rootDir>/dist/"],
};

const slow = ["<rootDir>/tests/(?:cluster|e2e|system)/.*\\.test\\.ts$"];

export default {
  // Only to end what hangs: a busy machine takes ten times as long, and time is never a result.
  testTimeout: 300_000,
  projects: [
    {
      ...common,
      displayName: "unit",
      testMatch: ["**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", ...slow],
    },
    { ...common, displayName: "cluster", testMatch: ["<rootDir>/tests/cluster/**/*.test.ts"] },
    { ...common, displayName: "e2e", testMatch: ["<rootDir>/tests/e2e/**/*.test.ts"] },
    { ...common, displayName: "system", testMatch: ["<rootDir>/tests/system/**/*.test.ts"] },
  ],
};
