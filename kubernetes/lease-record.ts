/**
 * What a coordination.k8s.io/v1 Lease says about who leads.
 *
 * Its times are those of the clock of whoever wrote them. They are compared for being the same and
 * shown to people, never subtracted from a clock of ours.
 */

import { z } from "zod";
import type { KubeObject, Manifest, ObjectKey } from "./object.ts";
import { leases } from "./resource.ts";

export type LeaseRecord = {
  /** Empty when it was released. */
  readonly holder: string;
  readonly durationSeconds: number;
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly transitions: number;
};

const leaseSchema = z.object({
  spec: z
    .looseObject({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      acquireTime: z.string().nullish(),
      renewTime: z.string().nullish(),
      leaseTransitions: z.number().nullish(),
    })
    .nullish(),
});

export const recordOf = (lease: KubeObject): LeaseRecord => {
  const { spec } = leaseSchema.parse(lease);
  return {
    holder: spec?.holderIdentity ?? "",
    durationSeconds: spec?.leaseDurationSeconds ?? 0,
    acquireTime: spec?.acquireTime ?? "",
    renewTime: spec?.renewTime ?? "",
    transitions: spec?.leaseTransitions ?? 0,
  };
};

export const newLease = ({ namespace, name }: ObjectKey, record: LeaseRecord): Manifest => ({
  apiVersion: leases.apiVersion,
  kind: leases.kind,
  metadata: { namespace, name },
  spec: specOf(record),
});

/** What else is written in it stays. */
export const withRecord = (lease: KubeObject, record: LeaseRecord): KubeObject => ({
  ...lease,
  spec: { ...leaseSchema.parse(lease).spec, ...specOf(record) },
});

const specOf = (record: LeaseRecord) => ({
  holderIdentity: record.holder,
  leaseDurationSeconds: record.durationSeconds,
  acquireTime: record.acquireTime,
  renewTime: record.renewTime,
  leaseTransitions: record.transitions,
});

export const isSameRecord = (a: LeaseRecord, b: LeaseRecord): boolean =>
  a.holder === b.holder &&
  a.durationSeconds === b.durationSeconds &&
  a.acquireTime === b.acquireTime &&
  a.renewTime === b.renewTime &&
  a.transitions === b.transitions;
