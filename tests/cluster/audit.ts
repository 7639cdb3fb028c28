/**
 * What the API server says was asked of it: the witness that is independent of our own client.
 *
 * The server writes a line a request when it is answered (a watch: when it ends), just after the
 * answer is sent. So a test that expects a line polls for it, and one that expects none asks for
 * something of its own first and waits for the line of that.
 */

import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { z } from "zod";

export type AuditEvent = {
  readonly verb: string;
  readonly user: string;
  readonly userAgent: string;
  readonly resource: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly code: number;
  readonly requestURI: string;
  /** When the request came in, ISO 8601 with microseconds. */
  readonly at: string;
};

/** Who asked for what and what became of it, once a request, without bodies. */
export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
- level: Metadata
`;

const auditLine = z.object({
  verb: z.string(),
  user: z.object({ username: z.string() }),
  userAgent: z.string().default(""),
  objectRef: z
    .object({
      resource: z.string().default(""),
      subresource: z.string().optional(),
      namespace: z.string().optional(),
      name: z.string().optional(),
    })
    .default({ resource: "" }),
  responseStatus: z.object({ code: z.int().default(0) }).default({ code: 0 }),
  requestURI: z.string(),
  requestReceivedTimestamp: z.string(),
});

const toAuditEvent = (line: string): AuditEvent => {
  const { user, objectRef, responseStatus, ...rest } = auditLine.parse(JSON.parse(line));
  return {
    verb: rest.verb,
    user: user.username,
    userAgent: rest.userAgent,
    resource: objectRef.resource,
    subresource: objectRef.subresource,
    namespace: objectRef.namespace,
    name: objectRef.name,
    code: responseStatus.code,
    requestURI: rest.requestURI,
    at: rest.requestReceivedTimestamp,
  };
};

/** Reads on where it ended the last time: a long test asks often, and the file grows. */
export const openAuditLog = (path: string): (() => ReadonlyArray<AuditEvent>) => {
  const events: AuditEvent[] = [];
  let offset = 0;
  return () => {
    const lines = readWholeLines(path, offset);
    offset += lines.length;
    for (const line of lines.toString().split("\n")) {
      if (line !== "") events.push(toAuditEvent(line));
    }
    return [...events];
  };
};

const CHUNK_BYTES = 1 << 20;

/** From the offset to the last line that is complete. */
const readWholeLines = (path: string, offset: number): Buffer => {
  if (!existsSync(path)) return Buffer.alloc(0);
  const file = openSync(path, "r");
  try {
    const chunks: Buffer[] = [];
    let position = offset;
    for (;;) {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      const length = readSync(file, chunk, 0, CHUNK_BYTES, position);
      if (length === 0) break;
      chunks.push(chunk.subarray(0, length));
      position += length;
    }
    const bytes = Buffer.concat(chunks);
    return bytes.subarray(0, bytes.lastIndexOf("\n") + 1);
  } finally {
    closeSync(file);
  }
};
