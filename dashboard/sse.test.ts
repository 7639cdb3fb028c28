import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createEventReader } from "./sse.ts";

const text =
  'id: e-1\nevent: snapshot\ndata: {"a":1}\n\n: a comment\n\nid: e-2\nevent: update\ndata: {}\n\n';
const events = [
  { id: "e-1", name: "snapshot", data: '{"a":1}' },
  { id: "e-2", name: "update", data: "{}" },
];

test("events are the same wherever the network cuts them", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 6 }), (cuts) => {
      const { take } = createEventReader();
      const edges = [0, ...cuts.toSorted((a, b) => a - b), text.length];
      const chunks = edges.slice(1).map((end, index) => text.slice(edges[index], end));
      expect(chunks.flatMap((chunk) => take(chunk).concat())).toEqual(events);
    }),
  );
});

test("half an event is none yet", () => {
  const { take } = createEventReader();
  expect(take("event: update\ndata: {}\n")).toEqual([]);
  expect(take("\n")).toEqual([{ id: "", name: "update", data: "{}" }]);
});
