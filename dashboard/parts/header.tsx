/** The bar at the top: whose page this is, what time it is there, and whether it is connected. */

import * as format from "../format.ts";
import { link, sessionNow, snapshot, speed } from "../state.ts";
import { switchTheme, theme } from "../theme.ts";
import { Status } from "./figures.tsx";

export const Header = () => (
  <header class="top">
    <div class="brand">
      <img src="/icon.svg" alt="" width="26" height="26" />
      <h1>Scalp Radar</h1>
    </div>
    {snapshot.value !== undefined && <SessionClock />}
    <div class="top-end">
      <LinkStatus />
      <button type="button" class="quiet" onClick={switchTheme}>
        {theme.value === "dark" ? "Light" : "Dark"}
        <span class="visually-hidden"> theme</span>
      </button>
    </div>
  </header>
);

const SessionClock = () => (
  <div class="clock" title="The session's time, in UTC">
    <span class="number date">{format.date(sessionNow.value)}</span>{" "}
    <span class="number">{format.clockTime(sessionNow.value)}</span> <span class="unit">UTC</span>
    {speed.value !== 1 && <span class="badge info">{speed.value}×</span>}
  </div>
);

const LinkStatus = () => {
  switch (link.value.kind) {
    case "Live":
      return <Status tone="good">connected</Status>;
    case "Connecting":
      return <Status tone="info">connecting</Status>;
    case "Lost":
      return <Status tone="bad">not connected</Status>;
  }
};
