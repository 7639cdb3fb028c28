/**
 * What the client counts of its requests, by the names that client-go gives them, so that the
 * dashboards and alerts made for Go's controllers work for ours.
 */

import { Counter, Histogram, type Registry } from "prom-client";

export type RequestMetrics = {
  /** One exchange with the server; `code` is `undefined` where no answer came. */
  readonly countRequest: (request: {
    readonly method: string;
    readonly code: number | undefined;
    readonly seconds: number;
  }) => void;
  readonly countConnection: () => void;
};

const METHODS = ["DELETE", "GET", "PATCH", "POST", "PUT"];
/** client-go's word for a request without an answer. */
const NO_ANSWER = "<error>";

export const createRequestMetrics = (registry: Registry, host: string): RequestMetrics => {
  const requests = createCounter(registry, {
    name: "rest_client_requests_total",
    help: "Requests to the API server, by status code, method and host.",
    series: { code: ["200", NO_ANSWER], method: METHODS, host: [host] },
  });
  const duration = new Histogram({
    name: "rest_client_request_duration_seconds",
    help: "Time until a request to the API server was answered; of a watch, until it was accepted.",
    labelNames: ["verb", "host"],
    // client-go's: beyond 15 s our deadline ends it.
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
    registers: [registry],
  });
  const connections = createCounter(registry, {
    name: "rest_client_connections_total",
    help: "Connections to the API server that were opened, each with its TLS handshake.",
    series: {},
  });
  return {
    countRequest: ({ method, code, seconds }) => {
      requests.inc({ code: code === undefined ? NO_ANSWER : String(code), method, host });
      duration.observe({ verb: method, host }, seconds);
    },
    countConnection: () => connections.inc(),
  };
};

/**
 * A counter all of whose series exist from the start. A series that appears with its first event
 * hides that event: a rate needs two samples.
 */
export const createCounter = (
  registry: Registry,
  counter: {
    readonly name: string;
    readonly help: string;
    /** The values that each label takes. */
    readonly series: Readonly<Record<string, ReadonlyArray<string>>>;
  },
): Counter => {
  const { name, help, series } = counter;
  const created = new Counter({
    name,
    help,
    labelNames: Object.keys(series),
    registers: [registry],
  });
  for (const labels of combinations(series)) created.inc(labels, 0);
  return created;
};

/** Every choice of one value for each label. */
export const combinations = (
  series: Readonly<Record<string, ReadonlyArray<string>>>,
): ReadonlyArray<Readonly<Record<string, string>>> =>
  Object.entries(series).reduce<ReadonlyArray<Readonly<Record<string, string>>>>(
    (sets, [label, values]) =>
      sets.flatMap((set) => values.map((value) => ({ ...set, [label]: value }))),
    [{}],
  );
