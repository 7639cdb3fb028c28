/** A LiveStrategy that every API server accepts, and the small edits that tests make to it. */

export const manifest = {
  apiVersion: "scalpradar.io/v1alpha1",
  kind: "LiveStrategy",
  metadata: { name: "grid-atr", namespace: "trading" },
  spec: {
    enabled: true,
    liveEligible: true,
    strategy: { kind: "grid_atr", gridAtr: { maPeriod: 14 } },
    timeframe: "1h",
    leverage: 7,
    assets: [{ symbol: "BTC/USDT:USDT" }, { symbol: "ETH/USDT:USDT" }],
    exchange: { id: "bitget", environment: "Emulator" },
  },
};

export type Path = ReadonlyArray<string | number>;

/** The document with the value at the path; `undefined` takes away what is there. */
export const withValue = (node: unknown, path: Path, value: unknown): unknown => {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(node)) {
    return node.flatMap((item: unknown, index) => {
      const next = index === step ? withValue(item, rest, value) : item;
      return next === undefined ? [] : [next];
    });
  }
  const fields = new Map(typeof node === "object" ? Object.entries(node ?? {}) : []);
  const next = withValue(fields.get(String(step)), rest, value);
  if (next === undefined) fields.delete(String(step));
  else fields.set(String(step), next);
  return Object.fromEntries(fields);
};

/** `spec.assets.0.symbol` */
export const pathOf = (text: string): Path =>
  text.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step));

/** Each edit is a path and a value. */
export type Edit = readonly [path: string, value: unknown];

export const edited = (edits: ReadonlyArray<Edit>, base: unknown = manifest): unknown =>
  edits.reduce((document, [path, value]) => withValue(document, pathOf(path), value), base);
