/**
 * Credentials, and the last gate before a text that may carry them is shown.
 *
 * Keys are asked for at every signature, so that a rotated Secret is in force with the next request.
 * An exchange, or a proxy in front of it, may echo what it was sent; so every text that leaves this
 * folder passes here. Whatever was revealed once stays secret after a rotation.
 */

import type { Redact } from "./errors.ts";

/** The shape of a secret: whoever holds one cannot print it by accident. */
type Hidden = { readonly reveal: () => string };

export type Credentials = {
  readonly apiKey: Hidden;
  readonly secret: Hidden;
  readonly passphrase: Hidden;
};

export type Keyring = {
  readonly reveal: () => RevealedCredentials;
  readonly redact: Redact;
};

type RevealedCredentials = {
  readonly apiKey: string;
  readonly secret: string;
  readonly passphrase: string;
};

/** Rotations are rare; beyond this many, the oldest keys are long dead. */
const MOST_REMEMBERED = 64;
/** Shorter than this hides nothing, and taking it out would garble every text. */
const SHORTEST_SECRET = 4;
const REDACTED = "[redacted]";

export const createKeyring = (credentials: () => Credentials): Keyring => {
  const seen = new Set<string>();

  const remember = (value: string): string => {
    // As it stands, in a URL, and within a JSON text.
    const forms = [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)];
    for (const form of forms) if (form.length >= SHORTEST_SECRET) seen.add(form);
    for (const oldest of seen) {
      if (seen.size <= MOST_REMEMBERED) break;
      seen.delete(oldest);
    }
    return value;
  };

  const reveal = (): RevealedCredentials => {
    const { apiKey, secret, passphrase } = credentials();
    return {
      apiKey: remember(apiKey.reveal()),
      secret: remember(secret.reveal()),
      passphrase: remember(passphrase.reveal()),
    };
  };

  return {
    reveal,
    redact: (text) => {
      let safe = text;
      for (const form of seen) safe = safe.replaceAll(form, REDACTED);
      return safe;
    },
  };
};
