/**
 * Two projects. `unit` sits beside its subject and answers in seconds: part of `npm run check`.
 * `system` starts real processes, servers and browsers: part of `make test`.
 */

const common = {
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/tests/strip-types.js" },
  modulePathIgnorePatterns: ["<rootDir>/dist/"],
};

const system = ["<rootDir>/tests/system/.*\\.test\\.ts$"];

export default {
  projects: [
    {
      ...common,
      displayName: "unit",
      testMatch: ["**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", ...system],
    },
    { ...common, displayName: "system", testMatch: ["<rootDir>/tests/system/**/*.test.ts"] },
  ],
};
