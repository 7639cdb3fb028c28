/**
 * Who listens to what, and what they are told.
 *
 * Market data goes out once for every second of the market that has begun, one text for all who
 * listen to a topic. Private channels follow the engine's events. A push may be lost to a client
 * that does not read; nothing here waits for anybody.
 */

import type { EngineEvent } from "../engine/events.ts";
import type { Uid } from "../engine/state.ts";
import { markPrice } from "./account-endpoints.ts";
import type { Connection } from "./connection.ts";
import { accountOf, type Hall } from "./endpoint.ts";
import { createMarketFeed, type MarketFeed } from "./market-feed.ts";
import { accountPush, fillPush, orderPush, planPush, positionPush } from "./push-rows.ts";
import { isMarketTopic, type PrivateKind, type Topic } from "./topics.ts";
import type { Row } from "./trading-rows.ts";

export type Hub = {
  readonly add: (connection: Connection) => void;
  readonly remove: (connection: Connection) => void;
  readonly connections: () => ReadonlyArray<Connection>;
  /** What a topic begins with. */
  readonly greet: (connection: Connection, topic: Topic) => void;
  /** A second of the market has begun. */
  readonly pushMarket: () => void;
  readonly pushEvents: (events: ReadonlyArray<EngineEvent>) => void;
};

export const createHub = (hall: Hall): Hub => {
  const connections = new Set<Connection>();
  const feed = createMarketFeed(hall);
  return {
    add: (connection) => connections.add(connection),
    remove: (connection) => connections.delete(connection),
    connections: () => [...connections],
    greet: (connection, topic) => {
      const uid = connection.credential()?.uid;
      const first = isMarketTopic(topic) ? feed.first(topic) : firstRows(hall, topic.kind, uid);
      if (first !== undefined) connection.send(pushText(hall, "snapshot", topic, first));
    },
    pushMarket: () => {
      // What stands still is not news.
      if (!hall.market.hasEnded()) pushMarket(hall, feed, connections);
    },
    pushEvents: (events) => pushEvents(hall, connections, events),
  };
};

const pushText = (
  hall: Hall,
  action: "snapshot" | "update",
  { arg }: Topic,
  data: ReadonlyArray<unknown>,
): string => JSON.stringify({ action, arg, data, ts: hall.engine.now() });

/** Orders, plans and fills begin with nothing: the exchange tells only what changes. */
const firstRows = (
  hall: Hall,
  kind: PrivateKind,
  uid: Uid | undefined,
): ReadonlyArray<Row> | undefined => {
  if (uid === undefined) return undefined;
  if (kind === "Positions") return positionRows(hall, uid);
  return kind === "Account" ? accountRows(hall, uid) : undefined;
};

const positionRows = (hall: Hall, uid: Uid): ReadonlyArray<Row> => {
  const account = accountOf(hall, uid);
  return [...account.positions.values()].map((position) =>
    positionPush(position, account, markPrice(hall, position.symbol)),
  );
};

const accountRows = ({ engine }: Hall, uid: Uid): ReadonlyArray<Row> => [
  accountPush(engine.balances(uid), engine.now()),
];

const pushMarket = (hall: Hall, feed: MarketFeed, connections: Iterable<Connection>): void => {
  const texts = new Map<string, string>();
  const textOf = (topic: Topic): string => {
    const known = texts.get(topic.key);
    if (known !== undefined || !isMarketTopic(topic)) return known ?? "";
    const action = topic.kind === "Candle" ? "update" : "snapshot";
    const made = pushText(hall, action, topic, feed.next(topic));
    texts.set(topic.key, made);
    return made;
  };
  for (const connection of connections) {
    if (connection.scope !== "public") continue;
    for (const topic of connection.topics.values()) connection.offer(textOf(topic));
  }
};

const pushEvents = (
  hall: Hall,
  connections: Iterable<Connection>,
  events: ReadonlyArray<EngineEvent>,
): void => {
  const push = (uid: Uid, kind: PrivateKind, rows: () => ReadonlyArray<Row>): void => {
    for (const connection of connections) {
      if (connection.credential()?.uid !== uid) continue;
      for (const topic of connection.topics.values()) {
        if (topic.kind === kind) connection.send(pushText(hall, "snapshot", topic, rows()));
      }
    }
  };
  const changed = new Set<Uid>();
  for (const event of events) {
    if (!("uid" in event)) continue;
    changed.add(event.uid);
    pushEvent(hall, event, push);
  }
  for (const uid of changed) {
    push(uid, "Positions", () => positionRows(hall, uid));
    push(uid, "Account", () => accountRows(hall, uid));
  }
};

type AccountEvent = Extract<EngineEvent, { uid: Uid }>;
type Push = (uid: Uid, kind: PrivateKind, rows: () => ReadonlyArray<Row>) => void;

const pushEvent = (hall: Hall, event: AccountEvent, push: Push): void => {
  const { uid } = event;
  const account = accountOf(hall, uid);
  if ("order" in event) {
    const fill = event.kind === "OrderFilled" ? event.fill : undefined;
    push(uid, "Orders", () => [orderPush(event.order, fill, account)]);
    if (fill !== undefined) push(uid, "Fills", () => [fillPush(fill, account)]);
  }
  if ("plan" in event) push(uid, "Plans", () => [planPush(event.plan, account)]);
};
