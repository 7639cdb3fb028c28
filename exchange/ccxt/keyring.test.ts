import { expect, test } from "@jest/globals";
import { createKeyring, type Credentials } from "./keyring.ts";

const keys = (name: string): Credentials => ({
  apiKey: { reveal: () => `${name}-key` },
  secret: { reveal: () => `${name}-se"cret` },
  passphrase: { reveal: () => `${name} pass/phrase` },
});

test("a secret is taken out of a text as it stands, from a URL and from a JSON text", () => {
  const { reveal, redact } = createKeyring(() => keys("alpha"));
  reveal();
  expect(redact('sent alpha-key and {"p":"alpha-se\\"cret"} to ?p=alpha%20pass%2Fphrase.')).toBe(
    'sent [redacted] and {"p":"[redacted]"} to ?p=[redacted].',
  );
});

test("keys are asked for each time, and rotated ones stay secret", () => {
  let current = "alpha";
  const { reveal, redact } = createKeyring(() => keys(current));
  expect(reveal().apiKey).toBe("alpha-key");
  current = "beta";
  expect(reveal().apiKey).toBe("beta-key");
  expect(redact("alpha-key, beta-key")).toBe("[redacted], [redacted]");
});

test("a key that is too short to hide does not garble every text", () => {
  const short = { reveal: () => "a" };
  const { reveal, redact } = createKeyring(() => ({
    apiKey: short,
    secret: short,
    passphrase: short,
  }));
  reveal();
  expect(redact("a timeout at an api")).toBe("a timeout at an api");
});
