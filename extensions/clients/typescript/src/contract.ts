/** The generated types of `openapi.yaml`. A build carries a copy of them. */
export type { components, paths } from '../../../../src/contract/api.gen.ts';
