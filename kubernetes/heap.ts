/**
 * A binary heap whose members can leave from the middle.
 *
 * The first member is known at once; adding, taking and withdrawing one cost the logarithm of how many
 * there are. A member's order must not change while it is in.
 */

export type Heap<T> = {
  /** The answer withdraws the member; withdrawing what has left is fine. */
  readonly push: (value: T) => () => void;
  readonly peek: () => T | undefined;
  readonly pop: () => T | undefined;
  readonly size: () => number;
};

type Node<T> = { readonly value: T; index: number };

const GONE = -1;

export const createHeap = <T>(isBefore: (a: T, b: T) => boolean): Heap<T> => {
  const nodes: Node<T>[] = [];

  const settle = (moving: Node<T>, index: number): void => {
    const node = moving;
    nodes[index] = node;
    node.index = index;
  };
  const rise = (node: Node<T>): void => {
    for (let { index } = node; index > 0; index = node.index) {
      const parent = nodes[(index - 1) >> 1];
      if (parent === undefined || !isBefore(node.value, parent.value)) return;
      settle(node, parent.index);
      settle(parent, index);
    }
  };
  const sink = (node: Node<T>): void => {
    for (;;) {
      const { index } = node;
      const child = firstOf(nodes[2 * index + 1], nodes[2 * index + 2]);
      if (child === undefined || !isBefore(child.value, node.value)) return;
      settle(node, child.index);
      settle(child, index);
    }
  };
  const firstOf = (left: Node<T> | undefined, right: Node<T> | undefined): Node<T> | undefined =>
    left !== undefined && right !== undefined && isBefore(right.value, left.value) ? right : left;
  const withdraw = (leaving: Node<T>): void => {
    const node = leaving;
    const { index } = node;
    if (index === GONE) return;
    const last = nodes.pop();
    node.index = GONE;
    if (last === undefined || last === node) return;
    settle(last, index);
    rise(last);
    sink(last);
  };

  return {
    push: (value) => {
      const node = { value, index: nodes.length };
      nodes.push(node);
      rise(node);
      return () => withdraw(node);
    },
    peek: () => nodes[0]?.value,
    pop: () => {
      const first = nodes[0];
      if (first !== undefined) withdraw(first);
      return first?.value;
    },
    size: () => nodes.length,
  };
};
