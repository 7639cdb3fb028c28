/**
 * An object of the API server, as JSON: plain values, never instances of a client's classes.
 *
 * A typed model drops fields that it does not know, in both directions; plain JSON keeps them. Only
 * metadata is described here, since that is all that generic machinery may look at.
 */

export type ObjectKey = { readonly namespace: string; readonly name: string };

export type OwnerReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
};

export type ObjectMeta = {
  readonly name: string;
  /** Absent on what belongs to the whole cluster. */
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Counts versions of the spec; not every kind has one. */
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: ReadonlyArray<string>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: ReadonlyArray<OwnerReference>;
};

/** What the server stores. Other fields are read by whoever knows the kind. */
export type KubeObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
};

/** What we ask for: the server adds the rest. */
export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Pick<ObjectMeta, "name"> & Partial<ObjectMeta>;
  readonly [field: string]: unknown;
};

/** `namespace/name`; the namespace of what belongs to the whole cluster is empty. */
export const keyOf = ({ metadata }: { readonly metadata: Partial<ObjectMeta> }): string =>
  `${metadata.namespace ?? ""}/${metadata.name ?? ""}`;

/** The one owner that manages the object, if any. */
export const controllerOf = ({ metadata }: KubeObject): OwnerReference | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true);
