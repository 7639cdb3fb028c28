/**
 * What reflectors tell about themselves, by resource.
 *
 * The gauges are read when they are scraped: an age that is written down is wrong a second later.
 * Two reflectors of one resource, in two namespaces, share a line that shows the worse of them.
 */

import { Counter, Gauge, type Registry } from "prom-client";

export type ReflectorReading = {
  readonly synced: boolean;
  readonly lastEventAgeMs: number;
  readonly items: number;
};

export type ReflectorMetrics = {
  /** From now on the resource has a line in every metric. */
  readonly track: (resource: string, read: () => ReflectorReading) => void;
  readonly listStarted: (resource: string) => void;
  readonly watchStarted: (resource: string) => void;
};

export const createReflectorMetrics = (registry: Registry): ReflectorMetrics => {
  const readersByResource = new Map<string, ReadonlyArray<() => ReflectorReading>>();
  const { lists, watches } = createCounters(registry);
  const gauge = (
    name: string,
    help: string,
    valueOf: (readings: ReadonlyArray<ReflectorReading>) => number,
  ): void => {
    const made = new Gauge({
      name,
      help,
      labelNames: ["resource"],
      registers: [registry],
      collect: () => {
        for (const [resource, readers] of readersByResource) {
          made.set({ resource }, valueOf(readers.map((read) => read())));
        }
      },
    });
  };
  gauge(
    "reflector_last_event_age_seconds",
    "Time since the server was last heard, by an event or by its bookmark of every minute.",
    (readings) => Math.max(...readings.map(({ lastEventAgeMs }) => lastEventAgeMs)) / 1_000,
  );
  gauge("reflector_items", "Objects in the copy.", (readings) =>
    readings.reduce((sum, { items }) => sum + items, 0),
  );
  gauge("reflector_synced", "1 once the copy has been complete, else 0.", (readings) =>
    readings.every(({ synced }) => synced) ? 1 : 0,
  );
  return {
    track: (resource, read) => {
      readersByResource.set(resource, [...(readersByResource.get(resource) ?? []), read]);
      lists.inc({ resource }, 0);
      watches.inc({ resource }, 0);
    },
    listStarted: (resource) => lists.inc({ resource }),
    watchStarted: (resource) => watches.inc({ resource }),
  };
};

const createCounters = (registry: Registry) => ({
  lists: new Counter({
    name: "reflector_lists_total",
    help: "Full syncs begun, by watch-list or by LIST.",
    labelNames: ["resource"],
    registers: [registry],
  }),
  watches: new Counter({
    name: "reflector_watches_total",
    help: "Watches asked for, those that begin with a full sync among them.",
    labelNames: ["resource"],
    registers: [registry],
  }),
});
