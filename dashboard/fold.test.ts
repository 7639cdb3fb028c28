import { expect, test } from "@jest/globals";
import { emptyLog, snapshotJson, takeParts, updateJson } from "#aggregator/change-log.ts";
import { toParts } from "#aggregator/snapshot.ts";
import { anOrder, aStatus, aStrategy, aView } from "#aggregator/testing/fixtures.ts";
import { applyUpdate } from "./fold.ts";

const named = (name: string, connected: boolean = true) =>
  aStrategy({
    member: { name },
    status: aStatus({ strategy: name, connected }),
    orders: connected ? [] : [anOrder()],
  });

const pictures = [
  aView(named("a")),
  aView(named("a"), named("b")),
  aView(named("b", false)),
  aView(),
  aView(named("a", false), named("b")),
];

test("a page that applies every update holds what a new page would be sent", () => {
  let log = takeParts(emptyLog, toParts(aView(), "1"));
  let held = JSON.parse(snapshotJson(log, "e", 0));
  for (const [index, view] of pictures.entries()) {
    const seen = log.sequence;
    log = takeParts(log, toParts(view, "1"));
    held = applyUpdate(held, JSON.parse(updateJson(log, seen, index) ?? ""));
    expect(held).toEqual(JSON.parse(snapshotJson(log, "e", index)));
  }
});
