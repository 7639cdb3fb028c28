import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createIndexer, type Stored } from "./indexer.ts";

type Thing = Stored & { readonly owners: ReadonlyArray<string> };

const thing = (name: string, owners: ReadonlyArray<string> = []): Thing => ({
  metadata: { name, namespace: "trading", uid: `uid-${name}`, resourceVersion: "1" },
  owners,
});

const createThings = () => createIndexer({ owner: ({ owners }: Thing) => owners });

test("an object is found by its key until it is removed", () => {
  const things = createThings();
  things.put(thing("a"));
  expect(things.get("trading/a")).toEqual(thing("a"));
  expect(things.keys()).toEqual(["trading/a"]);
  things.remove("trading/a");
  expect(things.get("trading/a")).toBeUndefined();
  expect(things.size()).toBe(0);
});

test("what belongs to the whole cluster has a key without a namespace", () => {
  const things = createIndexer({});
  things.put({ metadata: { name: "a", uid: "u", resourceVersion: "1" } });
  expect(things.keys()).toEqual(["/a"]);
});

test("an object is found under each of its values, and no longer under those that it lost", () => {
  const things = createThings();
  things.put(thing("a", ["x", "y"]));
  things.put(thing("b", ["y"]));
  things.put(thing("a", ["z"]));
  expect(things.by("owner", "x")).toEqual([]);
  expect(things.by("owner", "y")).toEqual([thing("b", ["y"])]);
  expect(things.by("owner", "z")).toEqual([thing("a", ["z"])]);
});

test("removing what is not there changes nothing", () => {
  const things = createThings();
  things.put(thing("a", ["x"]));
  things.remove("trading/b");
  expect(things.by("owner", "x")).toHaveLength(1);
});

test("an index that does not exist is a broken invariant, not an empty answer", () => {
  const things = createIndexer<Thing>({ owner: ({ owners }) => owners });
  expect(() => things.by("ownre", "x")).toThrow("index ownre exists");
});

test("whatever is put and removed, every index says what a search through all would", () => {
  const owner = fc.constantFrom("x", "y", "z");
  const act = fc.record({
    name: fc.constantFrom("a", "b", "c", "d"),
    // A value twice is one value.
    owners: fc.option(fc.array(owner, { maxLength: 3 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      const things = createThings();
      const expected = new Map<string, Thing>();
      for (const { name, owners } of acts) {
        if (owners === undefined) {
          things.remove(`trading/${name}`);
          expected.delete(`trading/${name}`);
        } else {
          things.put(thing(name, owners));
          expected.set(`trading/${name}`, thing(name, owners));
        }
      }
      expect(new Set(things.list())).toEqual(new Set(expected.values()));
      expect(new Set(things.keys())).toEqual(new Set(expected.keys()));
      expect(things.size()).toBe(expected.size);
      for (const value of ["x", "y", "z"]) {
        const found = [...expected.values()].filter(({ owners }) => owners.includes(value));
        expect(things.by("owner", value)).toHaveLength(found.length);
        expect(new Set(things.by("owner", value))).toEqual(new Set(found));
      }
    }),
  );
});
