/**
 * Our table of fields beside the API server's own schema: every field that it knows, and how
 * appliers share each of its lists and maps.
 */

import { z } from "zod";
import type { ObjectShape, Shape } from "#operator/kube/shapes.ts";
import type { ApiCall } from "./api-call.ts";

const schema = z.object({
  $ref: z.string().optional(),
  allOf: z.array(z.object({ $ref: z.string() })).optional(),
  type: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
  additionalProperties: z.unknown().optional(),
  "x-kubernetes-list-type": z.string().optional(),
  "x-kubernetes-list-map-keys": z.array(z.string()).optional(),
  "x-kubernetes-map-type": z.string().optional(),
});
type Schema = z.infer<typeof schema>;
type Schemas = ReadonlyMap<string, Schema>;

const PREFIX = "#/components/schemas/";
const document = z.object({ components: z.object({ schemas: z.record(z.string(), schema) }) });

export const schemasOf = async (call: ApiCall, paths: ReadonlyArray<string>): Promise<Schemas> => {
  const all = await Promise.all(
    paths.map(async (path) => document.parse((await call("GET", path)).body).components.schemas),
  );
  return new Map(all.flatMap((one) => Object.entries(one)));
};

/** How many fields were looked at, and a line for each that our table has otherwise. */
type Walked = { readonly fields: number; readonly problems: ReadonlyArray<string> };

export const walkSchema = (schemas: Schemas, shape: Shape, root: string): Walked =>
  walk({ schemas, shape, node: { $ref: `${PREFIX}${root}` }, path: root.split(".").at(-1) ?? "" });

type Place = {
  readonly schemas: Schemas;
  readonly shape: Shape;
  readonly node: unknown;
  readonly path: string;
};

const walk = (place: Place): Walked => {
  const { shape, path } = place;
  const own = schema.parse(place.node);
  const node = resolved(place.schemas, own);
  const listType = own["x-kubernetes-list-type"];
  const isAtomic = [own, node].some((one) => one["x-kubernetes-map-type"] === "atomic");
  switch (shape.kind) {
    case "Object":
      return walkFields(place, shape, node);
    case "List": {
      const keys = own["x-kubernetes-list-map-keys"] ?? [];
      const isSame = listType === "map" && keys.join() === shape.keys.join();
      const items = walk({ ...place, shape: shape.item, node: own.items, path: `${path}[]` });
      return isSame ? items : withProblem(items, `${path} is a list ${listType} by ${keys.join()}`);
    }
    case "Map":
      return isAtomic || own.additionalProperties === undefined
        ? withProblem(NONE, `${path} is no map to which others may add`)
        : NONE;
    case "Whole":
      return isShared(own, node, isAtomic)
        ? withProblem(NONE, `${path} is shared by appliers, and compared as one value`)
        : NONE;
  }
};

const NONE: Walked = { fields: 0, problems: [] };

const withProblem = ({ fields, problems }: Walked, problem: string): Walked => ({
  fields,
  problems: [...problems, problem],
});

/** Whether applying keeps what others put into it. */
const isShared = (own: Schema, node: Schema, isAtomic: boolean): boolean => {
  if (own.type === "array") return own["x-kubernetes-list-type"] === "map";
  const isObject = node.properties !== undefined || own.additionalProperties !== undefined;
  return isObject && !isAtomic;
};

const walkFields = (place: Place, shape: ObjectShape, { properties = {} }: Schema): Walked => {
  const { path } = place;
  const known = [...Object.keys(shape.fields), ...shape.foreign, ...shape.left];
  const unknown = Object.keys(properties).filter((name) => !known.includes(name));
  const invented = known.filter((name) => !Object.hasOwn(properties, name));
  const children = Object.entries(shape.fields)
    .filter(([name]) => Object.hasOwn(properties, name))
    .map(([name, child]) =>
      walk({ ...place, shape: child, node: properties[name], path: `${path}.${name}` }),
    );
  return {
    fields: Object.keys(properties).length + children.reduce((sum, { fields }) => sum + fields, 0),
    problems: [
      ...(shape.isClosed ? [] : unknown.map((name) => `${path}.${name} is in no list`)),
      ...invented.map((name) => `${path}.${name} is no field of the server's`),
      ...children.flatMap(({ problems }) => problems),
    ],
  };
};

const resolved = (schemas: Schemas, node: Schema): Schema => {
  const reference = node.$ref ?? node.allOf?.[0]?.$ref;
  return reference === undefined ? node : (schemas.get(reference.slice(PREFIX.length)) ?? node);
};
