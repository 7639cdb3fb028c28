/**
 * The way of a request through the exchange: a row of stages around the endpoints.
 *
 * A stage may answer itself, change the call, or change the answer on its way back, and it may take
 * its time. Authentication is one; limits, faults and delays are others that can be put in the row
 * without the endpoints knowing. The books only change in the innermost step, which is synchronous:
 * requests that overtake one another in the stages still happen one at a time.
 */

import type { Millis } from "#base/clock.ts";
import type { Credential, Credentials } from "./accounts.ts";
import type { Endpoints, Hall, PrivateEndpoint, PublicEndpoint } from "./endpoint.ts";
import { authenticate, type SignedRequest } from "./signature.ts";
import { failure, success, type Params, type Reply } from "./wire.ts";

export type Call = SignedRequest & {
  readonly params: Params;
  readonly remoteAddress: string;
  /** Whose it is, once a stage has found out. */
  readonly credential: Credential | undefined;
};

export type Next = (call: Call) => Promise<Reply>;
export type Stage = (call: Call, next: Next) => Promise<Reply>;

export const pipeline = (stages: ReadonlyArray<Stage>, last: Next): Next =>
  stages.reduceRight<Next>((next, stage) => (call) => stage(call, next), last);

export type EndpointDeps = {
  readonly hall: Hall;
  readonly now: () => Millis;
  /** Keeps and pushes what has happened. */
  readonly flush: () => void;
  readonly publicEndpoints: Endpoints<PublicEndpoint>;
  readonly privateEndpoints: Endpoints<PrivateEndpoint>;
};

const NOT_FOUND = { code: "40404", message: "Request URL NOT FOUND" };

/** Bitget's answer to a key of a classic account on the API of unified ones. */
const CLASSIC_ACCOUNT = {
  code: "40084",
  message:
    "You are in Classic Account mode, and the Unified Account API is not supported at this time",
};
const UNIFIED_API = "/api/v3/account/";

/** Names what exists before asking who wants it: an unknown path needs no key to be unknown. */
export const refuseUnknown =
  ({ publicEndpoints, privateEndpoints, now }: EndpointDeps): Stage =>
  async (call, next) => {
    if (call.path.startsWith(UNIFIED_API)) return failure(CLASSIC_ACCOUNT, now());
    const name = `${call.method} ${call.path}`;
    return Object.hasOwn(publicEndpoints, name) || Object.hasOwn(privateEndpoints, name)
      ? next(call)
      : failure(NOT_FOUND, now(), 404);
  };

export const authenticateCalls =
  ({ privateEndpoints, now }: EndpointDeps, credentials: Credentials): Stage =>
  async (call, next) => {
    if (!Object.hasOwn(privateEndpoints, `${call.method} ${call.path}`)) return next(call);
    const authenticated = authenticate(credentials, call, now());
    return authenticated.ok
      ? next({ ...call, credential: authenticated.value })
      : failure(authenticated.error, now());
  };

/**
 * The innermost step: the market is played up to now, the endpoint answers, and what happened is
 * kept before anybody hears of it.
 */
export const answerCall =
  (deps: EndpointDeps): Next =>
  async (call) => {
    const { hall, now, flush } = deps;
    hall.engine.advance(now());
    const at = hall.engine.now();
    const reply = answer(deps, call, at);
    flush();
    return reply;
  };

const answer = (
  { hall, publicEndpoints, privateEndpoints }: EndpointDeps,
  call: Call,
  at: Millis,
): Reply => {
  const name = `${call.method} ${call.path}`;
  const open = publicEndpoints[name];
  const closed = privateEndpoints[name];
  const answered =
    closed !== undefined && call.credential !== undefined
      ? closed(hall, call.params, { uid: call.credential.uid, at })
      : open?.(hall, call.params);
  if (answered === undefined) return failure(NOT_FOUND, at, 404);
  return answered.ok ? success(answered.value, at) : failure(answered.error, at);
};
