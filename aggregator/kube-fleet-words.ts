/** The API server's errors in the words of whoever asked for a list or a reset, by class. Pure. */

import type { ApiError } from "#kubernetes/api.ts";

/** Ends a sentence that says that the strategies are not known. */
export const whyUnread = ({ kind, message }: ApiError): string => {
  switch (kind) {
    case "Forbidden":
      return `the aggregator may not (rights: get, list and watch livestrategies): ${message}`;
    case "NotFound":
      return `the API server does not know LiveStrategies, is the CRD installed? ${message}`;
    case "TooManyRequests":
      return `the API server is overloaded: ${message}`;
    case "Invalid":
      return `the API server does not take the question: ${message}`;
    // Each says by itself that the server gave no usable answer.
    case "Conflict":
    case "Expired":
    case "Unavailable":
    case "Unknown":
      return message;
  }
};

/** A whole sentence; `strategy` is its key. */
export const whyNotReset = (error: ApiError, strategy: string): string => {
  const { kind, message } = error;
  switch (kind) {
    case "NotFound":
      return `${strategy} is gone: there is nothing to reset`;
    case "Conflict":
      return `${strategy} is being changed by others, and nothing was written: ask again`;
    case "Invalid":
      return `the API server refuses the reset of ${strategy}: ${message}`;
    case "Forbidden":
      return `the aggregator may not reset ${strategy} (rights: get and patch livestrategies): ${message}`;
    case "TooManyRequests":
      return `the API server is overloaded, and the reset of ${strategy} was not written: ask again in ${Math.ceil(error.retryAfterMs / 1_000)} s`;
    case "Expired":
    case "Unavailable":
      return `the reset of ${strategy} was not written: ${message}`;
    case "Unknown":
      return `nobody knows whether the reset of ${strategy} was written, and asking again is harmless: ${message}`;
  }
};
