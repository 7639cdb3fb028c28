/**
 * The page in a real browser, on the real aggregator, over executors that say what a test tells them.
 *
 * What is asserted is what a person sees. Screenshots of the widths and themes are left in a folder
 * of the system's temporary directory, to be looked at.
 */

import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { aCycle, aSymbol, aTrip, NOW } from "#aggregator/testing/fixtures.ts";
import { processEnv } from "#runtime/env.ts";
import { everythingWell, now, orders, startWorld, TOKEN, type World } from "./page-world.ts";

const env = processEnv();
const browserPath = [env["CHROMIUM_PATH"], "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path) => path !== undefined && existsSync(path),
);
const TIMEOUT_MS = 90_000;
const pictures = join(tmpdir(), "scalp-page");

let browser: Browser | undefined;
let staticDir = "";
const endings: Array<() => Promise<void>> = [];
const onEnd = (end: () => Promise<void>) => void endings.push(end);

beforeAll(async () => {
  if (browserPath === undefined) return;
  mkdirSync(pictures, { recursive: true });
  staticDir = mkdtempSync(join(tmpdir(), "page-"));
  execFileSync(process.execPath, ["dashboard/build.js", staticDir]);
  browser = await chromium.launch({
    executablePath: browserPath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}, TIMEOUT_MS);
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});
afterAll(async () => browser?.close());

/** A test that needs the browser. Without one it says so; where CI runs it there must be one. */
const inBrowser = (name: string, run: (browser: Browser) => Promise<void>) =>
  test(
    name,
    async () => {
      if (browser !== undefined) return run(browser);
      if (env["CI"] !== undefined) throw new Error("no Chromium: set CHROMIUM_PATH or install it");
      process.stdout.write(`not run, for want of a Chromium: ${name}\n`);
    },
    TIMEOUT_MS,
  );

type OpenOptions = { readonly width?: number; readonly dark?: boolean; readonly token?: string };

/** A tab, and everything in it that should not have happened. */
const openPage = async (from: Browser, world: World, options: OpenOptions = {}) => {
  const { width = 1400, dark = true, token = TOKEN } = options;
  const context = await from.newContext({
    viewport: { width, height: 900 },
    colorScheme: dark ? "dark" : "light",
  });
  endings.push(() => context.close());
  const page = await context.newPage();
  const offences: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) offences.push(message.text());
  });
  page.on("pageerror", (error) => offences.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(world.aggregator.url)) offences.push(`asks ${request.url()}`);
  });
  await page.goto(`${world.aggregator.url}/#t=${token}`);
  return { page, offences };
};

const card = (page: Page, name: string) => page.locator(`[data-strategy="trading/${name}"]`);
const alarm = (page: Page, kind: string) => page.locator(`[data-alarm="${kind}"]`);
const scrollsSideways = (page: Page) =>
  page.evaluate<boolean>(
    "document.documentElement.scrollWidth > document.documentElement.clientWidth",
  );

inBrowser("the page shows every strategy, its position, its stop and its levels", async (from) => {
  const world = await startWorld(staticDir, onEnd);
  everythingWell(world);
  const { page, offences } = await openPage(from, world);
  await card(page, "grid-atr").getByText("Trading").waitFor();
  await card(page, "grid-boltrend").getByText("it runs on paper").waitFor();
  await page.getByText("60×").waitFor();
  expect(await page.locator(".clock").innerText()).toMatch(/2021-12-04 05:\d\d:\d\d UTC/);

  const position = page.locator('[data-position="SOL/USDT:USDT"]');
  const text = await position.innerText();
  for (const fact of [
    "long",
    "+20.00",
    "2/3 levels",
    "confirmed",
    "99",
    "101.5",
    "79.2",
    "−20.8%",
  ]) {
    expect(text).toContain(fact);
  }
  expect(await position.locator(".levels tbody tr").allInnerTexts()).toEqual([
    expect.stringMatching(/^1\s+● filled\s+100\s+10/),
    expect.stringMatching(/^2\s+● filled\s+98\s+10/),
    expect.stringMatching(/^3\s+○ resting\s+96\s+10/),
  ]);
  await page.getByText("2 of 3 candles since the last close have passed").first().waitFor();
  expect(await page.locator("tbody").getByText("signal exit").count()).toBe(2);
  // The token is in the tab and nowhere that it could be read over a shoulder or copied along.
  expect(page.url()).toBe(`${world.aggregator.url}/`);
  expect(offences).toEqual([]);
});

inBrowser(
  "several positions stand side by side, each with its symbol and its strategy",
  async (from) => {
    const world = await startWorld(staticDir, onEnd);
    everythingWell(world);
    const open = (symbol: string) => aSymbol({ symbol, priceAt: world.clock.now() });
    world.atr.say(() =>
      now(world, "grid-atr", { symbols: [open("SOL/USDT:USDT"), open("ETH/USDT:USDT")] }),
    );
    world.multi.say(() => now(world, "grid-multi-tf", { symbols: [open("BTC/USDT:USDT")] }));
    const { page, offences } = await openPage(from, world);
    for (const label of [
      "long SOL/USDT:USDT of grid-atr",
      "long ETH/USDT:USDT of grid-atr",
      "long BTC/USDT:USDT of grid-multi-tf",
    ]) {
      await page.getByRole("article", { name: label, exact: true }).waitFor();
    }
    expect(await page.locator("[data-position]").count()).toBe(3);
    await page.locator(".totals").getByText("3 confirmed").waitFor();
    expect(offences).toEqual([]);
  },
);

inBrowser("numbers change by themselves", async (from) => {
  const world = await startWorld(staticDir, onEnd);
  everythingWell(world);
  const { page, offences } = await openPage(from, world);
  await card(page, "grid-atr").getByText("1,646.00").waitFor();
  world.atr.say(
    () =>
      now(world, "grid-atr", {
        balance: { equity: "1234.5", available: "1000", wallet: "1234.5", at: NOW },
      }),
    orders,
  );
  await card(page, "grid-atr").getByText("1,234.50").waitFor();
  await page.locator(".totals").getByText("2,880.50").waitFor();
  expect(offences).toEqual([]);
});

inBrowser(
  "an executor that is killed is shown stale with its last numbers, and comes back",
  async (from) => {
    const world = await startWorld(staticDir, onEnd);
    everythingWell(world);
    const { page } = await openPage(from, world);
    await card(page, "grid-atr").getByText("Trading").waitFor();
    await world.atr.close();
    await card(page, "grid-atr").getByText("Stale").waitFor();
    await alarm(page, "ExecutorSilent").getByText("It last reported 1 open position").waitFor();
    expect(await card(page, "grid-atr").innerText()).toMatch(/1,646\.00[^]*last word \d+ s ago/);
    await page.screenshot({ path: join(pictures, "stale-dark-1400.png"), fullPage: true });
    const again = await world.restartAtr();
    again.say(() => now(world, "grid-atr"), orders);
    await card(page, "grid-atr").getByText("Trading").waitFor();
    await alarm(page, "ExecutorSilent").waitFor({ state: "detached" });
  },
);

inBrowser("a kill switch is reset by whoever types the strategy's name", async (from) => {
  const world = await startWorld(staticDir, onEnd);
  everythingWell(world);
  const trippedAt = NOW - 840_000;
  const tripped = () =>
    now(world, "grid-multi-tf", { killSwitch: aTrip({ trippedAt }), symbols: [] });
  world.multi.say(tripped);
  const { page, offences } = await openPage(from, world);
  await alarm(page, "KillSwitchEngaged").getByText("session loss 26.1% >= 25%").waitFor();
  await page.screenshot({ path: join(pictures, "kill-switch-dark-1400.png"), fullPage: true });
  await alarm(page, "KillSwitchEngaged").getByRole("button").click();

  const dialog = page.getByRole("dialog");
  await dialog.getByText("no real money is involved").waitFor();
  const confirm = dialog.getByRole("button", { name: "Reset and trade again" });
  await dialog.getByLabel("Type grid-multi-tf to confirm").fill("grid-multi");
  expect(await confirm.isDisabled()).toBe(true);
  await page.screenshot({ path: join(pictures, "reset-dark-1400.png") });
  expect(world.patches()).toEqual([]);
  await dialog.getByLabel("Type grid-multi-tf to confirm").fill("grid-multi-tf");
  await confirm.click();
  await page.getByRole("status").getByText("Reset of grid-multi-tf asked for").waitFor();

  expect(world.patches()).toMatchObject([
    { metadata: { namespace: "trading", name: "grid-multi-tf" } },
  ]);
  world.multi.say(() => now(world, "grid-multi-tf"));
  await alarm(page, "KillSwitchEngaged").waitFor({ state: "detached" });
  expect(offences).toEqual([]);
});

inBrowser(
  "a reset is refused when the switch has tripped again since the reader looked",
  async (from) => {
    const world = await startWorld(staticDir, onEnd);
    everythingWell(world);
    world.multi.say(() =>
      now(world, "grid-multi-tf", { killSwitch: aTrip({ trippedAt: NOW - 840_000 }) }),
    );
    const { page } = await openPage(from, world);
    await alarm(page, "KillSwitchEngaged").getByRole("button").click();
    // The request says what was seen; here another trip has been written into it.
    await page.route("**/kill-switch/reset**", (route) =>
      route.continue({ postData: JSON.stringify({ trippedAt: NOW - 900_000 }) }),
    );
    await page.getByLabel("Type grid-multi-tf to confirm").fill("grid-multi-tf");
    await page.getByRole("button", { name: "Reset and trade again" }).click();
    await page.getByRole("dialog").getByText("it has tripped again").waitFor();
    expect(world.patches()).toEqual([]);
  },
);

inBrowser("a position whose stop is not confirmed is loud", async (from) => {
  const world = await startWorld(staticDir, onEnd);
  everythingWell(world);
  const naked = () => [
    aSymbol({ priceAt: world.clock.now(), cycle: aCycle({ stop: null, takeProfit: null }) }),
  ];
  world.atr.say(() => now(world, "grid-atr", { symbols: naked(), protected: false }));
  const { page, offences } = await openPage(from, world, { dark: false });
  await page.locator('[data-stop="missing"]').getByText("NOT CONFIRMED").waitFor();
  await alarm(page, "PositionUnprotected").getByText("long 20 SOL/USDT:USDT").waitFor();
  await page.locator(".totals").getByText("1 not confirmed").waitFor();
  await page.screenshot({ path: join(pictures, "unprotected-light-1400.png"), fullPage: true });
  expect(offences).toEqual([]);
});

inBrowser(
  "the page survives a restart of the aggregator, and says that it is old meanwhile",
  async (from) => {
    const world = await startWorld(staticDir, onEnd);
    everythingWell(world);
    const { page } = await openPage(from, world);
    await card(page, "grid-atr").getByText("Trading").waitFor();
    await world.aggregator.close();
    await alarm(page, "LinkLost").getByText("Everything below is old").waitFor();
    await page.screenshot({ path: join(pictures, "lost-dark-1400.png"), fullPage: true });
    await world.start(world.aggregator.port);
    await alarm(page, "LinkLost").waitFor({ state: "detached" });
    await card(page, "grid-atr").getByText("Trading").waitFor();
  },
);

inBrowser("a strategy that is deleted leaves the page", async (from) => {
  const world = await startWorld(staticDir, onEnd);
  everythingWell(world);
  const { page } = await openPage(from, world);
  await card(page, "grid-boltrend").waitFor();
  world.objects.remove({ namespace: "trading", name: "grid-boltrend" });
  await card(page, "grid-boltrend").waitFor({ state: "detached" });
});

inBrowser("without a good token there is a form, and nothing else", async (from) => {
  const world = await startWorld(staticDir, onEnd);
  everythingWell(world);
  const { page } = await openPage(from, world, { token: "wrong" });
  await page.getByText("That token was refused.").waitFor();
  await page.screenshot({ path: join(pictures, "sign-in-dark-1400.png") });
  expect(await page.locator("article").count()).toBe(0);
  await page.getByLabel("Access token").fill(TOKEN);
  await page.getByRole("button", { name: "Open" }).click();
  await card(page, "grid-atr").waitFor();
});

for (const width of [390, 1400]) {
  for (const dark of [true, false]) {
    const theme = dark ? "dark" : "light";
    inBrowser(`nothing is cut off at ${width} pixels, ${theme}`, async (from) => {
      const world = await startWorld(staticDir, onEnd);
      everythingWell(world);
      world.multi.say(() =>
        now(world, "grid-multi-tf", { killSwitch: aTrip(), symbols: [], closedCycles: [] }),
      );
      const { page, offences } = await openPage(from, world, { width, dark });
      await card(page, "grid-atr").getByText("Trading").waitFor();
      await alarm(page, "KillSwitchEngaged").waitFor();
      await page.screenshot({ path: join(pictures, `page-${theme}-${width}.png`), fullPage: true });
      expect(await scrollsSideways(page)).toBe(false);
      await alarm(page, "KillSwitchEngaged").getByRole("button").click();
      await page.getByRole("dialog").waitFor();
      expect(await scrollsSideways(page)).toBe(false);
      await page.screenshot({ path: join(pictures, `reset-${theme}-${width}.png`) });
      expect(offences).toEqual([]);
    });
  }
}

inBrowser(
  "the theme follows the system until the reader chooses, and the choice stays",
  async (from) => {
    const world = await startWorld(staticDir, onEnd);
    everythingWell(world);
    const { page } = await openPage(from, world, { dark: false });
    const shown = () => page.evaluate<string>("document.documentElement.dataset.theme");
    await page.getByRole("button", { name: "Dark theme" }).waitFor();
    expect(await shown()).toBe("light");
    await page.getByRole("button", { name: "Dark theme" }).click();
    expect(await shown()).toBe("dark");
    await page.reload();
    await page.getByRole("button", { name: "Light theme" }).waitFor();
    expect(await shown()).toBe("dark");
  },
);
