/**
 * The static page, and the headers under which a browser may run it.
 *
 * The page is public: it holds no data and no token, and asks for both. The policy lets it load and
 * ask nothing but this server, and run no script that is not one of its files.
 */

import express, { type RequestHandler } from "express";

const POLICY = [
  "default-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "object-src 'none'",
].join("; ");

export const securityHeaders: RequestHandler = (_request, response, next) => {
  response.set({
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
  });
  next();
};

/** Serves the built files; falls through for anything else. */
export const servePage = (folder: string): RequestHandler =>
  express.static(folder, {
    dotfiles: "ignore",
    redirect: false,
    // Always asked for again, and answered 304 while it is the same: a new version shows at once.
    setHeaders: (response) => response.setHeader("cache-control", "no-cache"),
  });

/** What is left at `/` when there is no file for it. */
export const sayNoPage: RequestHandler = (_request, response) => {
  response
    .status(503)
    .type("text")
    .send("The page has not been built: run `node dashboard/build.js`. The API is there.\n");
};
