import { expect, test } from "@jest/globals";
import { price } from "../money.ts";
import { entries, of, openStage, restingStage } from "../testing/acts.ts";
import { BTC, ETH, fillOf, readyStage, settingsOf, type Happening } from "../testing/scene.ts";
import { probeProblem } from "./probe.ts";

const settings = settingsOf([BTC]);
const request = (action: "Open" | "Close"): Happening => ({
  kind: "ProbeRequested",
  action,
  symbol: BTC,
  price: price(100),
});

test("the smallest order that the exchange takes, with its stop, at a price that fills at once", () => {
  const scene = readyStage(settings);
  const [entry] = of(scene.play(request("Open")), "SubmitEntry");
  expect(entry?.size.toFixed()).toBe("0.06"); // 6 USDT at 100: 5 is the least.
  expect(entry?.limit.toFixed()).toBe("101");
  expect(entry?.stop.toFixed()).toBe("80");
});

test("a test position is never added to, and is closed on request", () => {
  const scene = restingStage(settings);
  scene.play(request("Open"));
  const [order] = entries(scene).slice(-1);
  if (order === undefined) throw new Error("no order");
  const filled = scene.play(fillOf(scene, order));
  expect(of(filled, "CancelOrder")).toHaveLength(3);
  expect(scene.symbol().cycle?.adopted).toBe(true);
  const [exit] = of(scene.play(request("Close")), "SubmitExit");
  expect(exit?.size.eq(order.size)).toBe(true);
});

test("the reasons why a test order is not sent", () => {
  const open = openStage(settings);
  const flat = readyStage(settings);
  const reason = (scene: typeof open, action: "Open" | "Close", symbol = BTC) =>
    probeProblem(scene.state(), { action, symbol })?.reason;
  expect(reason(open, "Open")).toBe("position_already_open");
  expect(reason(open, "Close")).toBeUndefined();
  expect(reason(flat, "Open")).toBeUndefined();
  expect(reason(flat, "Close")).toBe("flat");
  expect(reason(flat, "Open", ETH)).toBe("unknown_symbol");
  flat.play(request("Open"));
  expect(reason(flat, "Open")).toBe("in_flight");
  expect(flat.play(request("Open"))).toEqual([]);
});
