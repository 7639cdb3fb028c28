/** What a child process tells the one that has started it: where it answers, or why it cannot go on. */

export type ChildMessage = { readonly url: string } | { readonly problem: string };

/** Does nothing in a process that nobody supervises. */
export const tellParent = (message: ChildMessage): void => {
  if (process.send !== undefined && process.connected) process.send(message);
};
