/** A stream that a test fills by hand: items in order, then an end or an error, or the signal. */

export type Pipe<T> = {
  readonly push: (item: T) => void;
  readonly end: () => void;
  /** What was pushed before is lost, as with a connection that is reset. */
  readonly fail: (message: string) => void;
  readonly isOpen: () => boolean;
  readonly items: AsyncIterable<T>;
};

type State<T> = {
  waiting: T[];
  isOpen: boolean;
  error: Error | undefined;
  wake: () => void;
};

export const createPipe = <T>(signal: AbortSignal, onClosed: () => void): Pipe<T> => {
  const state: State<T> = { waiting: [], isOpen: true, error: undefined, wake: () => {} };
  const close = (): void => {
    if (!state.isOpen) return;
    state.isOpen = false;
    onClosed();
    state.wake();
  };
  signal.addEventListener("abort", close, { once: true });
  return {
    push: (item) => {
      if (!state.isOpen) return;
      state.waiting.push(item);
      state.wake();
    },
    end: close,
    fail: (message) => {
      if (!state.isOpen) return;
      state.waiting = [];
      state.error = new Error(message);
      close();
    },
    isOpen: () => state.isOpen,
    items: { [Symbol.asyncIterator]: () => ({ next: () => next(state, signal) }) },
  };
};

const next = async <T>(state: State<T>, signal: AbortSignal): Promise<IteratorResult<T>> => {
  while (state.isOpen && state.waiting.length === 0) {
    await new Promise<void>((resolve) => (state.wake = resolve));
  }
  if (state.error !== undefined) throw state.error;
  const item = state.waiting.shift();
  if (signal.aborted || item === undefined) return { done: true, value: undefined };
  return { done: false, value: item };
};
