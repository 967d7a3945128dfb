import type { Schema } from '../../contract/handler.ts';
import type { Plan } from './plan.ts';

/** A plan as callers see it. */
export const planView = (plan: Plan): Schema<'Plan'> => ({
  name: plan.name,
  memory_mb: plan.memoryMb,
  disk_mb: plan.diskMb,
  backups: plan.backups,
  domains: plan.domains,
});
