import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createFreshView, type FreshView } from "./fresh-view.ts";
import type { ObjectMeta } from "./object.ts";

type Item = { readonly metadata: ObjectMeta; readonly value: string };

const KEY = "trading/one";

const item = (version: number, { uid = "uid-1", value = `v${version}` } = {}): Item => ({
  metadata: { namespace: "trading", name: "one", uid, resourceVersion: String(version) },
  value,
});

/** A copy to which a test hands the server's events. */
const follow = () => {
  let held: Item | undefined;
  let position: string | undefined;
  const view: FreshView<Item> = createFreshView({
    get: () => held,
    followedTo: () => position,
  });
  const step = (after: Item | undefined, isSync: boolean): boolean => {
    const before = held;
    held = after;
    return view.caughtUp({ key: KEY, before, after, isSync });
  };
  const show = (after: Item | undefined, version = after?.metadata.resourceVersion): boolean => {
    const isOurs = step(after, false);
    position = version;
    return isOurs;
  };
  /** Nobody is told of what is as it was, nor of what came and went unseen. */
  const sync = (after: Item | undefined, version: number): boolean => {
    const { uid, resourceVersion } = held?.metadata ?? {};
    const isSame = resourceVersion === after?.metadata.resourceVersion;
    const isOther = held !== undefined && after !== undefined && uid !== after.metadata.uid;
    if (isOther) step(undefined, true);
    const isOurs = !isSame && step(after, true);
    position = String(version);
    return isOurs;
  };
  return { view, show, sync, value: () => view.get(KEY)?.value };
};

test("a write of ours is seen at once, and the copy's word counts once it has caught up", () => {
  const { view, show, value } = follow();
  show(item(9));
  view.wrote(item(10));
  expect(value()).toBe("v10");
  expect(show(item(10))).toBe(true);
  expect(show(item(11))).toBe(false);
  expect(value()).toBe("v11");
});

test("an answer that comes after the event of it is nothing new", () => {
  const { view, show, value } = follow();
  show(item(10));
  show(item(12));
  view.wrote(item(10));
  expect(value()).toBe("v12");
  expect(show(item(13))).toBe(false);
});

test("what somebody else wrote before our own write is news, and ours is still seen", () => {
  const { view, show, value } = follow();
  show(item(8));
  view.wrote(item(9));
  view.wrote(item(11));
  expect(show(item(9))).toBe(true);
  expect(show(item(10, { value: "a person's" }))).toBe(false);
  expect(value()).toBe("v11");
  expect(show(item(11))).toBe(true);
});

test("what we removed is gone at once, whatever the copy shows of the time before", () => {
  const { view, show, value } = follow();
  show(item(10));
  view.wrote(item(12));
  view.removed(item(12));
  expect(value()).toBeUndefined();
  expect(show(item(11))).toBe(true);
  expect(show(item(12))).toBe(true);
  expect(value()).toBeUndefined();
  expect(show(undefined, "13")).toBe(true);
  expect(value()).toBeUndefined();
});

test("what we removed and what stays all the same, as with a finalizer, is seen again", () => {
  const { view, show, value } = follow();
  show(item(10));
  view.removed(item(10));
  expect(show(item(11, { value: "on its way out" }))).toBe(false);
  expect(value()).toBe("on its way out");
});

test("another object that has taken the name is not the one that we removed", () => {
  const { view, show, value } = follow();
  show(item(10, { uid: "uid-2" }));
  view.removed(item(9, { uid: "uid-1" }));
  expect(value()).toBe("v10");
});

test("one of ours that somebody removes is gone, and that is news", () => {
  const { view, show, value } = follow();
  view.wrote(item(10));
  show(item(10));
  view.wrote(item(11));
  expect(show(undefined, "12")).toBe(false);
  expect(value()).toBeUndefined();
});

test("the end of an older object takes nothing from the one that we have made since", () => {
  const { view, show, value } = follow();
  show(item(10, { uid: "uid-1" }));
  view.wrote(item(12, { uid: "uid-2" }));
  expect(show(undefined, "11")).toBe(false);
  expect(value()).toBe("v12");
  expect(show(item(12, { uid: "uid-2" }))).toBe(true);
});

test("what was made and removed while the copy was blind is no ghost after a full sync", () => {
  const { view, sync, value } = follow();
  view.wrote(item(10));
  expect(value()).toBe("v10");
  sync(undefined, 20);
  expect(value()).toBeUndefined();
});

test("what was made and removed while the copy was blind is told of after a full sync, once", () => {
  const { view, show, sync } = follow();
  view.wrote(item(10));
  expect(view.undone()).toEqual([]);
  sync(undefined, 20);
  expect(view.undone()).toEqual([item(10)]);
  expect(view.undone()).toEqual([]);
  view.wrote(item(21));
  show(item(21));
  sync(item(21), 30);
  expect(view.undone()).toEqual([]);
});

test("what we removed while the copy was blind, or has been changed since, is not undone", () => {
  const { view, show, sync } = follow();
  show(item(10));
  view.wrote(item(11));
  view.removed(item(11));
  sync(undefined, 20);
  expect(view.undone()).toEqual([]);
  view.wrote(item(21));
  sync(item(22), 30);
  expect(view.undone()).toEqual([]);
});

test("what a full sync finds is news: somebody else may have written before us", () => {
  const { view, show, sync, value } = follow();
  show(item(8));
  view.wrote(item(10));
  expect(sync(item(10), 12)).toBe(false);
  expect(value()).toBe("v10");
});

test("versions are compared as numbers", () => {
  const { view, show, value } = follow();
  show(item(9));
  view.wrote(item(10));
  expect(show(item(9))).toBe(false);
  expect(value()).toBe("v10");
});

/** What happens on the server: a write of ours, or of somebody else, or a removal by either. */
const happening = fc.record({
  kind: fc.constantFrom("write" as const, "write" as const, "remove" as const, "outage" as const),
  isOurs: fc.boolean(),
  /** How many events the copy takes in afterwards. */
  shown: fc.nat(3),
  /** The answer to ours comes only after these events. */
  isAnsweredLate: fc.boolean(),
});

type Happening = {
  readonly kind: "write" | "remove" | "outage";
  readonly isOurs: boolean;
  readonly shown: number;
  readonly isAnsweredLate: boolean;
};

/** A server with one object, its copy, and what of other people's doing the view kept from us. */
const serverWithCopy = () => {
  const { view, show, sync, value } = follow();
  const pending: { after: Item | undefined; version: number; isOurs: boolean }[] = [];
  const unheard: number[] = [];
  let version = 8;
  let uid = 0;
  let stored: Item | undefined;
  let removedAt = 0;
  const take = () => {
    const event = pending.shift();
    if (event === undefined) return;
    const isOurs = show(event.after, String(event.version));
    if (isOurs && !event.isOurs) unheard.push(event.version);
  };
  const outage = () => {
    pending.length = 0;
    if (sync(stored, version)) unheard.push(version);
  };
  const tell = (before: Item | undefined) => {
    if (stored !== undefined) view.wrote(stored);
    else if (before !== undefined) {
      view.removed(before);
      removedAt = version;
    }
  };
  const change = ({ kind, isOurs, shown, isAnsweredLate }: Happening) => {
    version += 1;
    if (kind === "write" && stored === undefined) uid += 1;
    const before = stored;
    stored = kind === "write" ? item(version, { uid: `uid-${uid}` }) : undefined;
    pending.push({ after: stored, version, isOurs });
    if (isOurs && !isAnsweredLate) tell(before);
    for (let count = 0; count < shown; count += 1) take();
    if (isOurs && isAnsweredLate) tell(before);
  };
  return {
    happen: (happening: Happening) => {
      if (happening.kind === "remove" && stored === undefined) return;
      if (happening.kind === "outage") outage();
      else change(happening);
    },
    catchUp: () => {
      while (pending.length > 0) take();
    },
    stored: () => stored?.value,
    value,
    // What others did to the one that we removed does not matter any more.
    unheard: () => unheard.filter((one) => one > removedAt),
  };
};

test("once the copy has caught up both say the same, and nothing of others went unheard", () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 30 }), (happenings) => {
      const world = serverWithCopy();
      happenings.forEach(world.happen);
      world.catchUp();
      expect(world.value()).toBe(world.stored());
      expect(world.unheard()).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
