/**
 * The subset of OpenAPI 3.0 that a Kubernetes API server takes as a structural schema.
 *
 * `toCrdSchema` makes one from a zod schema and refuses whatever has no place in it: a reference, a
 * union that is not an int-or-string, a keyword that the server does not know. The same value
 * describes the configuration files, so that every file is refused in the same words.
 */

import { z } from "zod";

export type CrdSchema = {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean" | undefined;
  readonly description?: string | undefined;
  readonly properties?: Readonly<Record<string, CrdSchema>> | undefined;
  readonly required?: ReadonlyArray<string> | undefined;
  /** The schema of a map's values. Absent where unknown keys are refused. */
  readonly additionalProperties?: CrdSchema | undefined;
  readonly maxProperties?: number | undefined;
  readonly items?: CrdSchema | undefined;
  readonly minItems?: number | undefined;
  readonly maxItems?: number | undefined;
  readonly enum?: ReadonlyArray<string> | undefined;
  readonly format?: "date-time" | "uri" | undefined;
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly minimum?: number | undefined;
  readonly exclusiveMinimum?: boolean | undefined;
  readonly maximum?: number | undefined;
  readonly exclusiveMaximum?: boolean | undefined;
  readonly default?: unknown;
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map" | undefined;
  readonly "x-kubernetes-list-map-keys"?: ReadonlyArray<string> | undefined;
  readonly "x-kubernetes-int-or-string"?: boolean | undefined;
  readonly "x-kubernetes-validations"?: ReadonlyArray<CrdRule> | undefined;
};

export type CrdRule = {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string | undefined;
};

export const toCrdSchema = (schema: z.ZodType): CrdSchema =>
  structural.parse(
    z.toJSONSchema(schema, {
      target: "openapi-3.0",
      io: "input",
      override: ({ jsonSchema }) => {
        // A server refuses `false`, prunes unknown fields by itself and reports them when asked.
        if (typeof jsonSchema.additionalProperties === "boolean") {
          delete jsonSchema.additionalProperties;
        }
        delete jsonSchema.propertyNames;
        // The server leaves it out, and would be found to differ from the file for ever.
        if (Object.keys(jsonSchema.properties ?? {}).length === 0) delete jsonSchema.properties;
        // The format says it; the expression behind it would only fill the schema.
        if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
        if (jsonSchema["x-kubernetes-int-or-string"] === true) {
          delete jsonSchema.anyOf;
        }
      },
    }),
  );

const rule = z.strictObject({
  rule: z.string(),
  message: z.string(),
  fieldPath: z.string().optional(),
});
const size = z.int().min(0).optional();

const structural: z.ZodType<CrdSchema> = z.lazy(() =>
  z.strictObject({
    type: z.enum(["object", "array", "string", "integer", "number", "boolean"]).optional(),
    description: z.string().optional(),
    properties: z.record(z.string(), structural).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: structural.optional(),
    maxProperties: size,
    items: structural.optional(),
    minItems: size,
    maxItems: size,
    enum: z.array(z.string()).optional(),
    format: z.enum(["date-time", "uri"]).optional(),
    minLength: size,
    maxLength: size,
    minimum: z.number().optional(),
    exclusiveMinimum: z.boolean().optional(),
    maximum: z.number().optional(),
    exclusiveMaximum: z.boolean().optional(),
    default: z.unknown().optional(),
    "x-kubernetes-list-type": z.enum(["atomic", "set", "map"]).optional(),
    "x-kubernetes-list-map-keys": z.array(z.string()).optional(),
    "x-kubernetes-int-or-string": z.boolean().optional(),
    "x-kubernetes-validations": z.array(rule).optional(),
  }),
);
