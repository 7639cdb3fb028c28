/**
 * Values in the form in which the API server stores them.
 *
 * The server rewrites every quantity (`1000m` to `1`, `1024Mi` to `1Gi`), so an object that asks for
 * another spelling would differ from what is stored for ever. These are the rules of apimachinery's
 * `resource.Quantity`, with what is done to lists of resources on top: anything finer than a
 * thousandth is rounded up. Pure.
 */

type Format = "Decimal" | "Binary" | "Exponent";
type Quantity = { readonly thousandths: bigint; readonly format: Format };

/** What is no quantity stays as it is: the server refuses it in its own words. */
export const canonicalQuantity = (text: string | number): string => {
  const quantity = parseQuantity(String(text));
  return quantity === undefined ? String(text) : printQuantity(quantity);
};

/** The larger of the two, as the server writes it; the first where one is no quantity. */
export const largerQuantity = (a: string | number, b: string | number): string => {
  const [left, right] = [parseQuantity(String(a)), parseQuantity(String(b))];
  const isFirst =
    left === undefined || right === undefined || left.thousandths >= right.thousandths;
  return canonicalQuantity(isFirst ? a : b);
};

export const smallerQuantity = (a: string | number, b: string | number): string =>
  largerQuantity(a, b) === canonicalQuantity(a) ? canonicalQuantity(b) : canonicalQuantity(a);

/** JSON whose keys are in order at every depth: equal values make equal texts. */
export const canonicalJson = (value: unknown): string => JSON.stringify(value, inOrder);

const inOrder = (_key: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;

const QUANTITY =
  /^\+?(?<whole>\d*)(?:\.(?<fraction>\d*))?(?:[eE](?<exponent>[+-]?\d{1,2})|(?<suffix>[numkMGTPE]|[KMGTPE]i)?)$/;

const decimalExponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const decimalSuffixes = new Map(
  Object.entries(decimalExponents).map(([suffix, exponent]) => [exponent, suffix]),
);
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** The most that a binary quantity is; the server cuts off what is above. */
const BINARY_THOUSANDTHS_MAX = (2n ** 63n - 1n) * 1000n;

const parseQuantity = (text: string): Quantity | undefined => {
  const { whole = "", fraction = "", exponent, suffix = "" } = QUANTITY.exec(text)?.groups ?? {};
  const digits = whole + fraction;
  if (digits === "") return undefined;
  const power = binarySuffixes.indexOf(suffix);
  if (power > 0) {
    const units = BigInt(digits) * 1024n ** BigInt(power) * 1000n;
    const thousandths = scaled(units, -fraction.length);
    return { thousandths: least(thousandths, BINARY_THOUSANDTHS_MAX), format: "Binary" };
  }
  const tens = exponent === undefined ? (decimalExponents[suffix] ?? 0) : Number(exponent);
  return {
    thousandths: scaled(BigInt(digits), tens + 3 - fraction.length),
    format: exponent === undefined ? "Decimal" : "Exponent",
  };
};

/** `value` times ten to the power of `tens`, rounded up. */
const scaled = (value: bigint, tens: number): bigint => {
  if (tens >= 0) return value * 10n ** BigInt(tens);
  const divisor = 10n ** BigInt(-tens);
  return (value + divisor - 1n) / divisor;
};

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

const printQuantity = ({ thousandths, format }: Quantity): string => {
  if (thousandths === 0n) return "0";
  const isBinary = format === "Binary" && thousandths >= 1_024_000n && thousandths % 1000n === 0n;
  return isBinary ? printBinary(thousandths / 1000n) : printDecimal(thousandths, format);
};

const printBinary = (units: bigint): string => {
  let power = 0;
  let value = units;
  for (; value % 1024n === 0n; value /= 1024n) power += 1;
  return `${value}${binarySuffixes[power] ?? ""}`;
};

/** The largest suffix; numbers with an exponent know no end. */
const SUFFIX_EXPONENT_MAX = 18;

/** As few digits as there can be while the exponent stays a multiple of three. */
const printDecimal = (thousandths: bigint, format: Format): string => {
  const exponentMax = format === "Exponent" ? Infinity : SUFFIX_EXPONENT_MAX;
  let exponent = -3;
  let value = thousandths;
  for (; value % 1000n === 0n && exponent < exponentMax; value /= 1000n) exponent += 3;
  if (format !== "Exponent") return `${value}${decimalSuffixes.get(exponent) ?? ""}`;
  return exponent === 0 ? String(value) : `${value}e${exponent}`;
};
